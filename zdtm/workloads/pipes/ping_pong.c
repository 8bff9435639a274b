// Two tasks that throw blocks of changing length through two pipes lose no byte and no order.
// rows: P1 R5
// attr: loops
#include "zdtm.h"

enum { kMost = 10000 };
static int there[2], back[2];

static int echo(void *arg)
{
	(void)arg;
	static unsigned char block[kMost];
	uint32_t size;
	CHECK_SYS(close(there[1]));
	CHECK_SYS(close(back[0]));
	zdtm_running();
	for (;;) {
		const ssize_t n = CHECK_SYS(read(there[0], &size, sizeof(size)));
		if (n == 0)
			return zdtm_pass();
		CHECK_EQ(n, sizeof(size));
		zdtm_get(there[0], block, size);
		for (uint32_t i = 0; i < size; i++)
			block[i] ^= 0x5a;
		zdtm_put(back[1], block, size);
	}
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	static unsigned char block[kMost];
	CHECK_SYS(pipe(there));
	CHECK_SYS(pipe(back));
	const pid_t child = zdtm_spawn(echo, NULL);
	CHECK_SYS(close(there[0]));
	CHECK_SYS(close(back[1]));
	uint32_t round = 0;
	while (zdtm_running()) {
		const uint32_t size = 1 + round * 7919u % kMost;
		zdtm_fill(block, size, round);
		zdtm_put(there[1], &size, sizeof(size));
		zdtm_put(there[1], block, size);
		memset(block, 0, size);
		zdtm_get(back[0], block, size);
		for (uint32_t i = 0; i < size; i++)
			block[i] ^= 0x5a;
		CHECK(zdtm_filled(block, size, round));
		round++;
	}
	CHECK_SYS(close(there[1]));
	int status;
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	return zdtm_pass();
}
