// A task that executes itself again and again keeps its pid, its count and its descriptors.
// rows: T1 T2 F2
// attr: loops
#include "zdtm.h"

// Each life of the child counts one up and executes the next; the count travels in an argument and must
// equal the position of the shared descriptor, which every life moves by one.
static _Noreturn void live(int count, int fd, pid_t pid)
{
	char next[3][16];
	CHECK_EQ(getpid(), pid);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), count);
	zdtm_put(fd, "x", 1);
	if (count == 40)
		_exit(0);
	snprintf(next[0], sizeof(next[0]), "%d", count + 1);
	snprintf(next[1], sizeof(next[1]), "%d", fd);
	snprintf(next[2], sizeof(next[2]), "%d", pid);
	execl("/proc/self/exe", "life", next[0], next[1], next[2], NULL);
	FAIL("exec: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	if (argc == 4)
		live(atoi(argv[1]), atoi(argv[2]), atoi(argv[3]));
	zdtm_init(argc, argv);
	while (zdtm_running()) {
		const int fd = CHECK_SYS(open("count", O_RDWR | O_CREAT | O_TRUNC, 0600));
		const pid_t child = CHECK_SYS(fork());
		if (child == 0)
			live(0, fd, getpid());
		int status;
		CHECK_EQ(waitpid(child, &status, 0), child);
		CHECK_EQ(status, 0);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 41);
		CHECK_SYS(close(fd));
	}
	return zdtm_pass();
}
