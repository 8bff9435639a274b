// Two processes on one descriptor table are refused by name, and stay on it.
// rows: T5
// refused: kind=clone-files
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
	syscall(SYS_dup2, STDIN_FILENO, 77);
	syscall(SYS_exit, 0);
	return 0;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	go = zdtm_shared_memory(zdtm_page());
	const pid_t child = CHECK_SYS(clone(shares, stack + sizeof(stack), CLONE_FILES | SIGCHLD, NULL));

	zdtm_checkpoint_here();

	atomic_store(go, 1);
	CHECK_EQ(waitpid(child, NULL, 0), child);
	CHECK_SYS(fcntl(77, F_GETFD)); // the child has opened it
	return zdtm_pass();
}
