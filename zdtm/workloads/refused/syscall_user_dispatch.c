// A task with syscall user dispatch is refused by name, and still catches its calls.
// rows: T10
// attr: needs=syscall_user_dispatch
// refused: kind=syscall-user-dispatch
#include "zdtm.h"

static volatile char selector; // 0 allows, 1 catches
static volatile int caught;

static void on_sys(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)info;
	(void)context;
	selector = 0;
	caught++;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct sigaction action = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};
	CHECK_SYS(sigaction(SIGSYS, &action, NULL));
	enum { kDispatch = 59, kOn = 1 };
	NEEDS(prctl(kDispatch, kOn, 0, 0, &selector), "syscall user dispatch");

	zdtm_checkpoint_here();

	selector = 1;
	const long result = syscall(SYS_getppid); // caught, and the handler opens the gate again
	CHECK_EQ(selector, 0);
	CHECK_EQ(caught, 1);
	(void)result;
	return zdtm_pass();
}
