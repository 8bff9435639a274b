// A child that is not dumpable is refused by name, and stays so.
// rows: T10
// refused: kind=dumpable
#include "zdtm.h"

static int changed(void *arg)
{
	(void)arg;
	CHECK_SYS(prctl(PR_SET_DUMPABLE, 0));
	zdtm_checkpoint_here();
	CHECK_EQ(prctl(PR_GET_DUMPABLE), 0);
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
