// A task that changes its word size with every exec can be stopped at any moment of it.
// rows: R1 T1 T2 F2
// attr: loops
#include "zdtm.h"

static _Noreturn void live(int count, int fd, pid_t pid)
{
	char next[3][16];
	CHECK_EQ(getpid(), pid);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), count);
	const char size = sizeof(void *) == 8 ? 'L' : 'S';
	zdtm_put(fd, &size, 1);
	if (count == 19)
		_exit(0);
	snprintf(next[0], sizeof(next[0]), "%d", count + 1);
	snprintf(next[1], sizeof(next[1]), "%d", fd);
	snprintf(next[2], sizeof(next[2]), "%d", pid);
	execl(zdtm_twin(), "life", next[0], next[1], next[2], NULL);
	FAIL("exec: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	if (argc == 4)
		live(atoi(argv[1]), atoi(argv[2]), atoi(argv[3]));
	zdtm_init(argc, argv);
	while (zdtm_running()) {
		char lives[21] = "";
		const int fd = CHECK_SYS(open("lives", O_RDWR | O_CREAT | O_TRUNC, 0600));
		const pid_t child = CHECK_SYS(fork());
		if (child == 0)
			live(0, fd, getpid());
		int status;
		CHECK_EQ(waitpid(child, &status, 0), child);
		CHECK_EQ(status, 0);
		CHECK_EQ(pread(fd, lives, 20, 0), 20);
		CHECK(strcmp(lives, sizeof(void *) == 8 ? "LSLSLSLSLSLSLSLSLSLS" : "SLSLSLSLSLSLSLSLSLSL") ==
		      0);
		CHECK_SYS(close(fd));
	}
	return zdtm_pass();
}
