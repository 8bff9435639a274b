// The heap goes on where it was: brk, malloc's arenas, and blocks that are freed after the checkpoint.
// rows: M4
// attr: threads grid
#include "zdtm.h"

enum { kBlocks = 400 };
static unsigned char *blocks[kBlocks];

static size_t size_of(int i)
{
	return 16 + (i * 7919u) % 5000 + (i % 50 == 0 ? 300000 : 0); // some get a mapping of their own
}

static void *other_arena(void *arg)
{
	for (int i = kBlocks / 2; i < kBlocks; i++) {
		blocks[i] = malloc(size_of(i));
		zdtm_fill(blocks[i], size_of(i), i);
	}
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	for (int i = 0; i < kBlocks / 2; i++) {
		blocks[i] = malloc(size_of(i));
		zdtm_fill(blocks[i], size_of(i), i);
	}
	zdtm_join_thread(zdtm_thread(other_arena, NULL));
	for (int i = 0; i < kBlocks; i += 3)
		free(blocks[i]);
	char *const before = CHECK_SYS(sbrk(12345));
	zdtm_fill(before, 12345, 77);
	char *const end = sbrk(0);

	zdtm_checkpoint_here();

	CHECK(sbrk(0) == (void *)end);
	CHECK(CHECK_SYS(sbrk(1 << 20)) == (void *)end);
	memset(end, 1, 1 << 20);
	CHECK(zdtm_filled(before, 12345, 77));
	CHECK(CHECK_SYS(sbrk(-(1 << 20))) == (void *)(end + (1 << 20)));
	for (int i = 0; i < kBlocks; i++) {
		if (i % 3 == 0)
			continue;
		CHECK(zdtm_filled(blocks[i], size_of(i), i));
		blocks[i] = realloc(blocks[i], 2 * size_of(i));
		CHECK(zdtm_filled(blocks[i], size_of(i), i));
		free(blocks[i]);
	}
	return zdtm_pass();
}
