// A child that will announce its end with another signal than SIGCHLD is refused by name, and still does.
// rows: T5
// refused: kind=exit-signal
#include "zdtm.h"

#include <sched.h>

static _Atomic uint32_t *go;
static char stack[65536] __attribute__((aligned(16)));

static int shares(void *arg)
{
	(void)arg;
	// Another task on our memory or table: no libc state may be touched here.
	while (!atomic_load(go))
		syscall(SYS_sched_yield);
	syscall(SYS_exit, 0);
	return 0;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	CHECK_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	go = zdtm_shared_memory(zdtm_page());
	const pid_t child = CHECK_SYS(clone(shares, stack + sizeof(stack), SIGHUP, NULL));

	zdtm_checkpoint_here();

	siginfo_t info;
	atomic_store(go, 1);
	CHECK_EQ(sigwaitinfo(&set, &info), SIGHUP);
	CHECK_EQ(info.si_pid, child);
	CHECK_EQ(waitpid(child, NULL, __WCLONE), child);
	return zdtm_pass();
}
