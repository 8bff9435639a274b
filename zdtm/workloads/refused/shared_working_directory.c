// Two processes on one working directory are refused by name, and stay on it.
// rows: T5
// refused: kind=clone-fs
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
	syscall(SYS_umask, 0123);
	syscall(SYS_exit, 0);
	return 0;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	go = zdtm_shared_memory(zdtm_page());
	const pid_t child = CHECK_SYS(clone(shares, stack + sizeof(stack), CLONE_FS | SIGCHLD, NULL));

	zdtm_checkpoint_here();

	atomic_store(go, 1);
	CHECK_EQ(waitpid(child, NULL, 0), child);
	CHECK_EQ(umask(0), 0123); // the child has set it
	return zdtm_pass();
}
