// A child with a nice value is refused by name, and keeps it.
// rows: T9
// refused: kind=nice
#include "zdtm.h"

#include <sys/resource.h>

static int changed(void *arg)
{
	(void)arg;
	CHECK_SYS(setpriority(PRIO_PROCESS, 0, 11));
	zdtm_checkpoint_here();
	CHECK_EQ(getpriority(PRIO_PROCESS, 0), 11);
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
