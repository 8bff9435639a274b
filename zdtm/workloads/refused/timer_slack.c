// A child with a timer slack of its own is refused by name, and keeps it.
// rows: T9
// refused: kind=timer-slack
#include "zdtm.h"

static int changed(void *arg)
{
	(void)arg;
	CHECK_SYS(prctl(PR_SET_TIMERSLACK, 123456));
	zdtm_checkpoint_here();
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), 123456);
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
