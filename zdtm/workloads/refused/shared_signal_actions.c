// Two processes on one table of signal actions are refused by name, and stay on it.
// rows: T5
// refused: kind=clone-sighand
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
	go = zdtm_shared_memory(zdtm_page());
	const pid_t child =
		CHECK_SYS(clone(shares, stack + sizeof(stack), CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL));

	zdtm_checkpoint_here();

	struct sigaction now;
	CHECK_SYS(sigaction(SIGHUP, &(struct sigaction){.sa_handler = SIG_IGN}, NULL));
	CHECK_SYS(kill(child, SIGHUP)); // which the child ignores too, or it would die of it
	atomic_store(go, 1);
	int status;
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	CHECK_SYS(sigaction(SIGHUP, NULL, &now));
	CHECK(now.sa_handler == SIG_IGN);
	return zdtm_pass();
}
