// A task stopped two handlers deep returns through both, to the right place with the right masks.
// rows: S1 R1 R7
// attr: grid
#include "zdtm.h"

static volatile int steps;

static bool blocked(int signo)
{
	sigset_t now;
	CHECK_SYS(sigprocmask(SIG_SETMASK, NULL, &now));
	return sigismember(&now, signo);
}

static void inner(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	CHECK_EQ(info->si_value.sival_int, 9);
	CHECK(blocked(SIGUSR1) && blocked(SIGRTMIN) && blocked(SIGHUP));
	zdtm_checkpoint_here();
	CHECK(blocked(SIGUSR1) && blocked(SIGRTMIN) && blocked(SIGHUP));
	CHECK_EQ(++steps, 2);
}

static void outer(int signo)
{
	(void)signo;
	CHECK_EQ(++steps, 1);
	CHECK(blocked(SIGUSR1) && !blocked(SIGRTMIN));
	CHECK_SYS(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 9}));
	CHECK(blocked(SIGUSR1) && !blocked(SIGRTMIN) && !blocked(SIGHUP));
	CHECK_EQ(++steps, 3);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct sigaction action = {.sa_sigaction = inner, .sa_flags = SA_SIGINFO};
	sigaddset(&action.sa_mask, SIGHUP);
	CHECK_SYS(sigaction(SIGRTMIN, &action, NULL));
	CHECK_SYS(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = outer}, NULL));

	// Values that live in registers and on the stack across both frames.
	uint64_t values[6];
	double fraction = 1.0 / 3.0;
	for (int i = 0; i < 6; i++)
		values[i] = 0x0101010101010101ull * (i + 1);
	CHECK_SYS(raise(SIGUSR1));
	for (int i = 0; i < 6; i++)
		CHECK_EQ(values[i], 0x0101010101010101ull * (i + 1));
	CHECK(fraction == 1.0 / 3.0);

	CHECK_EQ(steps, 3);
	CHECK(!blocked(SIGUSR1) && !blocked(SIGRTMIN) && !blocked(SIGHUP));
	return zdtm_pass();
}
