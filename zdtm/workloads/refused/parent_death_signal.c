// A child that wants a signal at its parent's death is refused by name, and still wants it.
// rows: T10
// refused: kind=pdeathsig
#include "zdtm.h"

static int changed(void *arg)
{
	(void)arg;
	CHECK_SYS(prctl(PR_SET_PDEATHSIG, SIGTERM));
	zdtm_checkpoint_here();
	int signo = 0;
	CHECK_SYS(prctl(PR_GET_PDEATHSIG, &signo));
	CHECK_EQ(signo, SIGTERM);
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
