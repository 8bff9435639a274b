// The standard descriptors and libc's buffers above them are kept, also where they were closed or changed.
// rows: F1 F2
#include "zdtm.h"

static int child(void *arg)
{
	(void)arg;
	CHECK_SYS(close(STDIN_FILENO));
	CHECK_SYS(close(STDERR_FILENO));
	zdtm_checkpoint_here();
	CHECK_ERRNO(fcntl(STDIN_FILENO, F_GETFD), EBADF);
	CHECK_ERRNO(fcntl(STDERR_FILENO, F_GETFD), EBADF);
	CHECK_EQ(open("/dev/null", O_RDONLY), STDIN_FILENO);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	char word[16];
	zdtm_spit("input", "one two three four");
	FILE *const in = fopen("input", "r"), *const out = fopen("output", "w");
	CHECK(in && out);
	CHECK_EQ(fscanf(in, "%15s", word), 1);
	CHECK(fprintf(out, "half of a ") > 0); // stays in libc's buffer
	struct stat before, after;
	CHECK_SYS(fstat(STDOUT_FILENO, &before));
	const int flags = CHECK_SYS(fcntl(STDOUT_FILENO, F_GETFL));
	const pid_t relative = zdtm_spawn(child, NULL);

	zdtm_checkpoint_here();

	CHECK_SYS(fstat(STDOUT_FILENO, &after));
	CHECK(before.st_ino == after.st_ino && before.st_dev == after.st_dev);
	CHECK_EQ(fcntl(STDOUT_FILENO, F_GETFL), flags);
	CHECK_EQ(fcntl(STDERR_FILENO, F_GETFL), flags);
	CHECK_EQ(read(STDIN_FILENO, word, 1), 0);
	CHECK_EQ(fscanf(in, "%15s", word), 1);
	CHECK(strcmp(word, "two") == 0);
	CHECK(fprintf(out, "line") > 0);
	CHECK_EQ(fclose(out), 0);
	char text[64];
	zdtm_slurp("output", text, sizeof(text));
	CHECK(strcmp(text, "half of a line") == 0);
	zdtm_join(relative);
	return zdtm_pass();
}
