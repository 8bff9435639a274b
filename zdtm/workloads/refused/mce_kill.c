// A child with its own machine check policy is refused by name, and keeps it.
// rows: T10
// attr: needs=mce
// refused: kind=mce-kill
#include "zdtm.h"

static int changed(void *arg)
{
	(void)arg;
	NEEDS(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0), "mce");
	zdtm_checkpoint_here();
	CHECK_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_EARLY);
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
