// A child stopped by SIGSTOP is refused by name, and stays stopped until it is continued.
// rows: T4
// refused: kind=stopped
#include "zdtm.h"

static int waits(void *arg)
{
	(void)arg;
	CHECK_SYS(setpgid(0, 0)); // a group that is not orphaned, or terminal stops would be ignored
	zdtm_checkpoint_here();
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t child = zdtm_spawn(waits, NULL);
	int status;
	CHECK_SYS(kill(child, SIGSTOP));
	CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);

	zdtm_checkpoint_here();

	char path[64], text[1024];
	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	zdtm_slurp(path, text, sizeof(text));
	CHECK_EQ(strrchr(text, ')')[2], 'T');
	CHECK_SYS(kill(child, SIGCONT));
	zdtm_join(child);
	return zdtm_pass();
}
