// A parent gets the right status of the right child when children end after the checkpoint.
// rows: T2
#include "zdtm.h"

#include <sys/resource.h>

static const int kCodes[] = {0, 1, 77, 127, 128, 200, 255};
static const int kSignals[] = {SIGHUP, SIGKILL, SIGTERM, SIGUSR1, SIGSEGV, SIGABRT};
enum { kCodesCount = sizeof(kCodes) / sizeof(int), kSignalsCount = sizeof(kSignals) / sizeof(int) };

static int exits(void *arg)
{
	const int code = *(const int *)arg;
	zdtm_checkpoint_here();
	zdtm_pass();
	return code;
}

static int dies(void *arg)
{
	const int signo = *(const int *)arg;
	zdtm_checkpoint_here();
	CHECK_SYS(kill(getpid(), signo));
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}));
	pid_t exiting[kCodesCount], dying[kSignalsCount];
	for (int i = 0; i < kCodesCount; i++)
		exiting[i] = zdtm_spawn(exits, (void *)&kCodes[i]);
	for (int i = 0; i < kSignalsCount; i++)
		dying[i] = zdtm_spawn(dies, (void *)&kSignals[i]);

	zdtm_checkpoint_here();

	for (int i = kSignalsCount - 1; i >= 0; i--) {
		siginfo_t info = {0};
		CHECK_SYS(kill(dying[i], SIGUSR2));
		CHECK_EQ(waitid(P_PID, dying[i], &info, WEXITED), 0);
		CHECK_EQ(info.si_code, CLD_KILLED);
		CHECK_EQ(info.si_status, kSignals[i]);
		CHECK_EQ(info.si_pid, dying[i]);
	}
	for (int i = 0; i < kCodesCount; i++) {
		int status;
		CHECK_SYS(kill(exiting[i], SIGUSR2));
		CHECK_EQ(waitpid(exiting[i], &status, 0), exiting[i]);
		CHECK(WIFEXITED(status));
		CHECK_EQ(WEXITSTATUS(status), kCodes[i]);
	}
	return zdtm_pass();
}
