// Every byte in a pipe is kept: none, one, some, a full pipe, both ends in one task.
// rows: P1
// attr: grid
#include "zdtm.h"

enum { kPipes = 7 };
static const int kFilled[kPipes] = {0, 1, 100, 4095, 4097, 40000, -1}; // -1: to the brim

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	static unsigned char block[1 << 16];
	int ends[kPipes][2], size[kPipes], capacity[kPipes];
	for (int i = 0; i < kPipes; i++) {
		CHECK_SYS(pipe2(ends[i], i % 2 ? O_NONBLOCK : 0));
		capacity[i] = CHECK_SYS(fcntl(ends[i][0], F_GETPIPE_SZ));
		size[i] = kFilled[i] < 0 ? capacity[i] : kFilled[i];
		CHECK((size_t)size[i] <= sizeof(block));
		zdtm_fill(block, size[i], i);
		// In small writes, as programs do: the kernel keeps them in separate buffers or joins them.
		for (int at = 0; at < size[i]; at += 512)
			zdtm_put(ends[i][1], block + at, size[i] - at < 512 ? size[i] - at : 512);
	}

	zdtm_checkpoint_here();

	for (int i = 0; i < kPipes; i++) {
		CHECK_EQ(fcntl(ends[i][1], F_GETPIPE_SZ), capacity[i]);
		CHECK_EQ(fcntl(ends[i][0], F_GETFL) & O_NONBLOCK, i % 2 ? O_NONBLOCK : 0);
		zdtm_get(ends[i][0], block, size[i]);
		CHECK(zdtm_filled(block, size[i], i));
		CHECK_SYS(fcntl(ends[i][0], F_SETFL, O_NONBLOCK));
		CHECK_ERRNO(read(ends[i][0], block, 1), EAGAIN); // and nothing more
		zdtm_put(ends[i][1], "new", 3);
		zdtm_get(ends[i][0], block, 3);
		CHECK(memcmp(block, "new", 3) == 0);
	}
	return zdtm_pass();
}
