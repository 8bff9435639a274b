// The capacity of a pipe is kept, small and large, with content that only fits a large one.
// rows: P1
#include "zdtm.h"

static const int kSizes[] = {4096, 8192, 65536, 262144, 1048576};
enum { kCount = sizeof(kSizes) / sizeof(kSizes[0]) };

static int fill(int fd)
{
	static char block[4096];
	int total = 0;
	zdtm_fill(block, sizeof(block), 1);
	for (;;) {
		const ssize_t n = write(fd, block, sizeof(block));
		if (n == -1) {
			CHECK_EQ(errno, EAGAIN);
			return total;
		}
		total += n;
	}
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int ends[kCount][2], capacity[kCount], held[kCount];
	static char block[4096];
	for (int i = 0; i < kCount; i++) {
		CHECK_SYS(pipe2(ends[i], O_NONBLOCK));
		capacity[i] = CHECK_SYS(fcntl(ends[i][1], F_SETPIPE_SZ, kSizes[i]));
		held[i] = fill(ends[i][1]);
		CHECK_EQ(held[i], capacity[i]);
	}

	zdtm_checkpoint_here();

	for (int i = 0; i < kCount; i++) {
		CHECK_EQ(fcntl(ends[i][0], F_GETPIPE_SZ), capacity[i]);
		CHECK_ERRNO(write(ends[i][1], "x", 1), EAGAIN); // as full as it was
		for (int at = 0; at < held[i]; at += 4096) {
			zdtm_get(ends[i][0], block, 4096);
			CHECK(zdtm_filled(block, 4096, 1));
		}
		CHECK_ERRNO(read(ends[i][0], block, 1), EAGAIN);
		CHECK_EQ(fill(ends[i][1]), capacity[i]);
	}
	return zdtm_pass();
}
