// What a process outside the tree shares is refused by name, nothing of the engine's runs in it, and it stays shared.
// rows: T5
// refused: kind=clone-files kind=clone-fs kind=clone-sighand kind=clone-vm
#include "zdtm.h"

#include <sched.h>
#include <sys/time.h>

#define ALL (CLONE_FILES | CLONE_FS | CLONE_SIGHAND | CLONE_VM)

static _Atomic uint32_t step; // private memory, seen by both
static char stacks[2][65536] __attribute__((aligned(16)));

// Another task on our memory or table: no libc state may be touched here.
static int stranger(void *arg)
{
	(void)arg;
	while (atomic_load(&step) == 0)
		syscall(SYS_sched_yield);
	syscall(SYS_umask, 0123);
	syscall(SYS_close, 250);
	atomic_store(&step, 2);
	syscall(SYS_exit, 0);
	return 0;
}

static int middle(void *arg)
{
	const pid_t child = clone(stranger, stacks[1] + sizeof(stacks[1]), ALL, NULL);
	(void)arg;
	syscall(SYS_exit, child > 0 ? 0 : 1); // and the stranger is adopted by init, which is not one of us
	return 0;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int status;
	const pid_t child = CHECK_SYS(clone(middle, stacks[0] + sizeof(stacks[0]), ALL | SIGCHLD, NULL));
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	CHECK_EQ(CHECK_SYS(dup2(1, 250)), 250);
	// Only whoever runs in here is told of a timer: it must not be named.
	const struct itimerval timer = {.it_value = {.tv_sec = 1000}}, none = {0};
	CHECK_SYS(setitimer(ITIMER_REAL, &timer, NULL));

	zdtm_checkpoint_here();

	CHECK_SYS(setitimer(ITIMER_REAL, &none, NULL));
	atomic_store(&step, 1);
	while (atomic_load(&step) != 2)
		sched_yield();
	CHECK_EQ(umask(0), 0123);	// the stranger has set it
	CHECK_ERRNO(close(250), EBADF); // and closed that
	return zdtm_pass();
}
