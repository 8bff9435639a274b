// A process can be born with a pid of our choice.
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct clone3_args { // struct clone_args of linux/sched.h, fixed-width in both word sizes
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};

int main(void)
{
	const int32_t wanted = 23456;
	struct clone3_args args = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted, .set_tid_size = 1};
	const long pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		_exit(syscall(SYS_getpid) == wanted
			      ? 42
			      : 1); /* the raw call: no library cache can be in the way */
	int status;
	if (pid != wanted || waitpid(wanted, &status, 0) != wanted || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 42)
		return 1;
	puts("ok");
	return 0;
}
