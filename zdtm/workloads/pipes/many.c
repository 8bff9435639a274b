// Two hundred pipes with different content are not mixed up, in parent and child.
// rows: P1 F2
#include "zdtm.h"

enum { kPipes = 200 };
static int ends[kPipes][2];

static void drain(int from)
{
	char want[32], got[32];
	for (int i = from; i < kPipes; i += 2) {
		const int length = snprintf(want, sizeof(want), "content of pipe %d", i);
		zdtm_get(ends[i][0], got, length);
		CHECK(memcmp(want, got, length) == 0);
	}
}

static int child(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	drain(1);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	char text[32], byte;
	for (int i = 0; i < kPipes; i++) {
		CHECK_SYS(pipe(ends[i]));
		zdtm_put(ends[i][1], text, snprintf(text, sizeof(text), "content of pipe %d", i));
	}
	const pid_t relative = zdtm_spawn(child, NULL);

	zdtm_checkpoint_here();

	drain(0);
	zdtm_join(relative);
	for (int i = 0; i < kPipes; i++) { // both together have read everything, and nobody else writes
		CHECK_SYS(close(ends[i][1]));
		CHECK_EQ(read(ends[i][0], &byte, 1), 0);
	}
	return zdtm_pass();
}
