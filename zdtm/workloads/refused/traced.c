// A task that is already traced is refused by name, and stays traced.
// rows: T13
// refused: kind=traced
#include "zdtm.h"

#include <sys/ptrace.h>

static int waits(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t child = zdtm_spawn(waits, NULL);
	CHECK_SYS(ptrace(PTRACE_SEIZE, child, NULL, NULL));

	zdtm_checkpoint_here();

	int status;
	CHECK_SYS(ptrace(PTRACE_INTERRUPT, child, NULL, NULL));
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFSTOPPED(status));
	CHECK_SYS(ptrace(PTRACE_DETACH, child, NULL, NULL));
	zdtm_join(child);
	return zdtm_pass();
}
