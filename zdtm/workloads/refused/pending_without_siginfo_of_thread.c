// The same of a thread: a signal of which the kernel kept no siginfo is refused by name, and stays pending.
// rows: S1
// refused: kind=pending-signal
#include "zdtm.h"

#include <sys/resource.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct rlimit limit;
	CHECK_SYS(getrlimit(RLIMIT_SIGPENDING, &limit));
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	CHECK_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK_SYS(setrlimit(RLIMIT_SIGPENDING, &(struct rlimit){0, limit.rlim_max}));
	CHECK_SYS(syscall(SYS_tgkill, getpid(), zdtm_tid(), SIGHUP));
	CHECK_SYS(setrlimit(RLIMIT_SIGPENDING, &limit));

	zdtm_checkpoint_here();

	siginfo_t info;
	CHECK_EQ(sigtimedwait(&set, &info, &(struct timespec){0, 0}), SIGHUP);
	return zdtm_pass();
}
