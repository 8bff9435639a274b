// A tracer stops its child, reads a word from it, single-steps it and lets it go.
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long marker = 0x5a5a1234;

int main(void)
{
	const pid_t child = fork();
	if (child == 0)
		for (;;)
			marker++;
	int status;
	if (ptrace(PTRACE_SEIZE, child, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, child, 0, 0) < 0)
		return 1;
	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		return 2;
	if (ptrace(PTRACE_PEEKDATA, child, (void *)&marker, 0) < 0x5a5a1234)
		return 3;
	for (int i = 0; i < 50; i++) {
		if (ptrace(PTRACE_SINGLESTEP, child, 0, 0) < 0 || waitpid(child, &status, 0) != child)
			return 4;
		if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP)
			return 5;
	}
	ptrace(PTRACE_DETACH, child, 0, 0);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	puts("ok");
	return 0;
}
