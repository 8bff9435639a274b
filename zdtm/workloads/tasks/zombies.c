// Children that have ended and were not awaited keep their status: every exit code and every killing signal.
// rows: T3
// attr: grid
#include "zdtm.h"

enum { kCodes = 256, kSignals = 32 };

static pid_t ended(int code, int signo)
{
	const pid_t child = CHECK_SYS(fork());
	if (child == 0) {
		sigset_t none;
		sigemptyset(&none);
		if (signo) {
			signal(signo, SIG_DFL);
			sigprocmask(SIG_SETMASK, &none, NULL);
			prctl(PR_SET_DUMPABLE, 0); // a dumped core is another status
			kill(getpid(), signo);
		}
		_exit(code);
	}
	siginfo_t info;
	CHECK_EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0); // it is a zombie, and stays one
	return child;
}

static bool kills(int signo)
{
	return signo != SIGCHLD && signo != SIGCONT && signo != SIGURG && signo != SIGWINCH &&
	       signo != SIGSTOP && signo != SIGTSTP && signo != SIGTTIN && signo != SIGTTOU;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pid_t by_code[kCodes], by_signal[kSignals] = {0};
	for (int code = 0; code < kCodes; code++)
		by_code[code] = ended(code, 0);
	for (int signo = 1; signo < kSignals; signo++)
		if (kills(signo))
			by_signal[signo] = ended(0, signo);

	zdtm_checkpoint_here();

	int status;
	for (int code = 0; code < kCodes; code++) {
		CHECK_EQ(waitpid(by_code[code], &status, 0), by_code[code]);
		CHECK_EQ(status, code << 8);
	}
	for (int signo = 1; signo < kSignals; signo++) {
		if (!by_signal[signo])
			continue;
		CHECK_EQ(waitpid(by_signal[signo], &status, 0), by_signal[signo]);
		CHECK_EQ(status, signo);
	}
	return zdtm_pass();
}
