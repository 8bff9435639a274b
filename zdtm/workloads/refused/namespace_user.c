// A child in a user namespace of its own is refused by name, and stays in it.
// rows: X1
// attr: needs=user_namespaces
// refused: kind=namespace
#include "zdtm.h"

#include <sched.h>

static int changed(void *arg)
{
	(void)arg;
	NEEDS(unshare(CLONE_NEWUSER), "user namespaces");
	char before[64] = "", after[64] = "";
	CHECK_SYS(readlink("/proc/self/ns/user", before, sizeof(before) - 1));
	zdtm_checkpoint_here();
	CHECK_SYS(readlink("/proc/self/ns/user", after, sizeof(after) - 1));
	CHECK(strcmp(before, after) == 0);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t child = zdtm_spawn(changed, NULL);

	zdtm_checkpoint_here();

	zdtm_join(child);
	return zdtm_pass();
}
