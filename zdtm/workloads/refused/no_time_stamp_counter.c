// A child that may not read the time stamp counter is refused by name, and still may not.
// rows: T10
// refused: kind=tsc
#include "zdtm.h"

static int changed(void *arg)
{
	(void)arg;
	CHECK_SYS(prctl(PR_SET_TSC, PR_TSC_SIGSEGV));
	zdtm_checkpoint_here();
	int mode = 0;
	CHECK_SYS(prctl(PR_GET_TSC, &mode));
	CHECK_EQ(mode, PR_TSC_SIGSEGV);
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
