// Descriptor numbers are kept with their gaps, also in a table that differs between parent, child and grandchild.
// rows: F2
// attr: grid
#include "zdtm.h"

enum { kHighest = 1000 };

static void remember(char *open_ones)
{
	for (int fd = 0; fd <= kHighest; fd++)
		open_ones[fd] = fcntl(fd, F_GETFD) != -1;
}

// The kernel gives out the lowest number that is free.
static int lowest_free(const char *open_ones, bool relative)
{
	int fd = 0;
	while (open_ones[fd] && !(relative && fcntl(fd, F_GETFD) == -1))
		fd++;
	return fd;
}

static int below(void *arg)
{
	const int generation = *(int *)arg;
	char open_ones[kHighest + 1];
	for (int fd = 10 + generation; fd <= kHighest; fd += 37 * (generation + 1))
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
			CHECK_EQ(dup2(STDOUT_FILENO, fd), fd);
	int next = generation + 1;
	const pid_t child = generation < 2 ? zdtm_spawn(below, &next) : 0;
	if (generation == 1) {
		CHECK_SYS(close(STDIN_FILENO)); // what is closed here is open in the child
		CHECK_SYS(close(STDERR_FILENO));
	}

	// The descriptor to the parent is still open here and closed when the checkpoint comes.
	remember(open_ones);
	zdtm_checkpoint_here();
	int differing = 0;
	for (int fd = 0; fd <= kHighest; fd++)
		differing += (fcntl(fd, F_GETFD) != -1) != open_ones[fd];
	CHECK_EQ(differing, generation > 0 ? 1 : 0);
	CHECK_EQ(dup(STDOUT_FILENO), lowest_free(open_ones, generation > 0));
	if (child)
		zdtm_join(child);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int first = 0;
	return below(&first);
}
