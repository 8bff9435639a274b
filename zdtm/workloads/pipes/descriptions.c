// Descriptors of one pipe share an open file or have their own, with their own flags, as they did.
// rows: P1 F1
#include "zdtm.h"

static int reopen(int fd, int flags)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return CHECK_SYS(open(path, flags));
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int ends[2];
	char text[16] = "";
	CHECK_SYS(pipe(ends));
	const int twin = CHECK_SYS(dup(ends[0]));
	// Opened through /proc: the same pipe, but open files of their own; the last one reads and writes.
	const int apart = reopen(ends[0], O_RDONLY | O_NONBLOCK);
	const int late_writer = reopen(ends[1], O_WRONLY);
	const int both = reopen(ends[0], O_RDWR);
	zdtm_put(ends[1], "one", 3);
	zdtm_put(both, "two", 3);
	zdtm_put(late_writer, "three", 5);

	zdtm_checkpoint_here();

	CHECK_EQ(fcntl(both, F_GETFL) & O_ACCMODE, O_RDWR);
	CHECK_EQ(fcntl(apart, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY | O_NONBLOCK);
	CHECK_SYS(fcntl(ends[0], F_SETFL, O_NONBLOCK));
	CHECK_EQ(fcntl(twin, F_GETFL) & O_NONBLOCK, O_NONBLOCK); // one open file
	CHECK_EQ(fcntl(both, F_GETFL) & O_NONBLOCK, 0);		 // another one
	CHECK_SYS(fcntl(ends[0], F_SETFL, 0));
	CHECK_EQ(fcntl(apart, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	zdtm_get(apart, text, 3);
	zdtm_get(both, text + 3, 3);
	zdtm_get(twin, text + 6, 5);
	CHECK(strcmp(text, "onetwothree") == 0);
	CHECK_SYS(close(ends[1]));
	CHECK_SYS(close(late_writer));
	CHECK_ERRNO(read(apart, text, 1), EAGAIN); // `both` can still write
	CHECK_SYS(close(both));
	CHECK_EQ(read(apart, text, 1), 0);
	return zdtm_pass();
}
