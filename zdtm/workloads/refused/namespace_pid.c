// A child in a pid namespace of its own is refused by name, and stays number one there.
// rows: T13 X1
// attr: needs=pid_namespaces
// refused: kind=namespace
#include "zdtm.h"

#include <sched.h>

static int first(void *arg)
{
	(void)arg;
	CHECK_EQ(getpid(), 1);
	zdtm_checkpoint_here();
	CHECK_EQ(getpid(), 1);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	NEEDS(unshare(CLONE_NEWPID), "pid namespaces");
	const pid_t child = zdtm_spawn(first, NULL);

	zdtm_checkpoint_here();

	zdtm_join(child);
	return zdtm_pass();
}
