// A parent that waits in vfork for its child is refused by name, and gets on when the child lets it.
// rows: T6 T5
// refused: kind=vfork
#include "zdtm.h"

#include <sched.h>

static _Atomic uint32_t *go;
static char stack[65536] __attribute__((aligned(16)));

static int child(void *arg)
{
	(void)arg;
	while (!atomic_load(go))
		syscall(SYS_sched_yield);
	syscall(SYS_exit, 9);
	return 0;
}

static int parent(void *arg)
{
	int status;
	(void)arg;
	zdtm_running(); // as ready as it will ever be: the next call does not return
	const pid_t pid =
		CHECK_SYS(clone(child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 9);
	return 0;
}

static void until_child_runs(pid_t pid)
{
	char path[64], text[64];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	while (zdtm_slurp(path, text, sizeof(text)) == 0)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	go = zdtm_shared_memory(zdtm_page());
	const pid_t middle = zdtm_spawn(parent, NULL);
	until_child_runs(middle);

	zdtm_checkpoint_here();

	int status;
	zdtm_futex_set(go, 1);
	CHECK_EQ(waitpid(middle, &status, 0), middle);
	CHECK_EQ(status, 0);
	return zdtm_pass();
}
