// O_CLOEXEC is kept per descriptor: an exec after the checkpoint closes exactly those that have it.
// rows: F2 F1
#include "zdtm.h"

enum { kFirst = 40, kCount = 20 };

static bool closes(int i)
{
	return i % 3 == 1 || i > 15;
}

// The new program sees what is left.
static int after_exec(void)
{
	for (int i = 0; i < kCount; i++) {
		if (closes(i))
			CHECK_ERRNO(fcntl(kFirst + i, F_GETFD), EBADF);
		else
			CHECK_EQ(lseek(kFirst + i, 0, SEEK_CUR), 5);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return after_exec();
	zdtm_init(argc, argv);
	const int fd = CHECK_SYS(open("/proc/self/exe", O_RDONLY));
	CHECK_SYS(lseek(fd, 5, SEEK_SET));
	for (int i = 0; i < kCount; i++) // copies of one open file: the flag is not part of it
		CHECK_EQ(dup3(fd, kFirst + i, closes(i) ? O_CLOEXEC : 0), kFirst + i);

	zdtm_checkpoint_here();

	for (int i = 0; i < kCount; i++)
		CHECK_EQ(fcntl(kFirst + i, F_GETFD), closes(i) ? FD_CLOEXEC : 0);
	const pid_t child = CHECK_SYS(fork());
	if (child == 0) {
		execl("/proc/self/exe", "after", "exec", NULL);
		FAIL("exec: %s", strerror(errno));
	}
	int status;
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	return zdtm_pass();
}
