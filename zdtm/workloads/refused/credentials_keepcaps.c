// A child that keeps its capabilities over setuid is refused by name, and goes on keeping them.
// rows: T7
// refused: kind=credentials
#include "zdtm.h"

static int changed(void *arg)
{
	(void)arg;
	CHECK_SYS(prctl(PR_SET_KEEPCAPS, 1));
	zdtm_checkpoint_here();
	CHECK_EQ(prctl(PR_GET_KEEPCAPS), 1);
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
