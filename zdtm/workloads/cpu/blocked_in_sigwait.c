// A thread waiting for a signal in sigwaitinfo sees no EINTR and gets the signal that comes later.
// rows: R5 S1
// attr: threads
#include "blocked.h"

static sigset_t just(int signo)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, signo);
	return set;
}

static void waits(void)
{
	const sigset_t set = just(SIGRTMIN + 3);
	siginfo_t info;
	CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN + 3);
	CHECK_EQ(info.si_value.sival_int, 33);
}

static struct blocked all[] = {
	{.name = "sigwaitinfo", .call = waits},
};

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const sigset_t set = just(SIGRTMIN + 3);
	CHECK_ZERO(pthread_sigmask(SIG_BLOCK, &set, NULL));
	blocked_start(all, 1);

	zdtm_checkpoint_here();

	CHECK_ZERO(pthread_sigqueue(all[0].thread, SIGRTMIN + 3, (union sigval){.sival_int = 33}));
	blocked_finish(all, 1, 0);
	return zdtm_pass();
}
