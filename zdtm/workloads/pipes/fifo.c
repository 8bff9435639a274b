// A FIFO on disk keeps what is in it, its size, and which end each descriptor is.
// rows: P2 P1
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	static char block[5000];
	struct stat by_name, by_fd;
	CHECK_SYS(mkfifo("a fifo", 0600));
	CHECK_SYS(mkfifo("another", 0600));
	const int reader = CHECK_SYS(open("a fifo", O_RDONLY | O_NONBLOCK));
	const int writer = CHECK_SYS(open("a fifo", O_WRONLY));
	const int second = CHECK_SYS(open("a fifo", O_WRONLY | O_NONBLOCK));
	const int both = CHECK_SYS(open("another", O_RDWR));
	const int capacity = CHECK_SYS(fcntl(writer, F_SETPIPE_SZ, 8192));
	zdtm_fill(block, sizeof(block), 1);
	zdtm_put(writer, block, sizeof(block));
	zdtm_put(both, "both", 4);

	zdtm_checkpoint_here();

	CHECK_EQ(fcntl(reader, F_GETPIPE_SZ), capacity);
	CHECK_EQ(fcntl(reader, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDONLY | O_NONBLOCK);
	CHECK_EQ(fcntl(second, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY | O_NONBLOCK);
	CHECK_EQ(fcntl(writer, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_WRONLY);
	// Still the object behind the name: who opens it now meets us.
	CHECK_SYS(stat("a fifo", &by_name));
	CHECK_SYS(fstat(reader, &by_fd));
	CHECK_EQ(by_name.st_ino, by_fd.st_ino);
	const int late = CHECK_SYS(open("a fifo", O_WRONLY | O_NONBLOCK));
	zdtm_put(late, "late", 4);
	zdtm_get(reader, block, sizeof(block));
	CHECK(zdtm_filled(block, sizeof(block), 1));
	zdtm_get(reader, block, 4);
	CHECK(memcmp(block, "late", 4) == 0);
	CHECK_ERRNO(read(reader, block, 1), EAGAIN);
	CHECK_SYS(close(writer));
	CHECK_SYS(close(second));
	CHECK_SYS(close(late));
	CHECK_EQ(read(reader, block, 1), 0);
	zdtm_get(both, block, 4);
	CHECK(memcmp(block, "both", 4) == 0);
	return zdtm_pass();
}
