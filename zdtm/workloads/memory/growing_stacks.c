// The main stack and a MAP_GROWSDOWN area go on growing after the checkpoint, and keep what is in them.
// rows: M4
#include "zdtm.h"

static unsigned deep(int depth, unsigned seed)
{
	volatile unsigned char local[8192];
	zdtm_fill((void *)local, sizeof(local), seed);
	const unsigned below = depth ? deep(depth - 1, seed + 1) : 0;
	CHECK(zdtm_filled((void *)local, sizeof(local), seed));
	return below + local[seed % sizeof(local)];
}

// The checkpoint is taken far down, and the return path is checked frame by frame.
static unsigned deep_checkpoint(int depth, unsigned seed)
{
	volatile unsigned char local[4096];
	zdtm_fill((void *)local, sizeof(local), seed);
	unsigned below = 1;
	if (depth)
		below = deep_checkpoint(depth - 1, seed + 1);
	else
		zdtm_checkpoint_here();
	CHECK(zdtm_filled((void *)local, sizeof(local), seed));
	return below + local[1];
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	// Room below it, so that nothing else is put there.
	char *const room = CHECK_SYS(
		mmap(NULL, 1024 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	char *const top = room + 1024 * page;
	CHECK_SYS(munmap(room, 1024 * page));
	CHECK_SYS(mmap(top - 4 * page, 4 * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0));
	for (int i = 1; i <= 8; i++)
		zdtm_fill(top - i * page, page, i); // half of it has grown already

	CHECK(deep_checkpoint(20, 1) > 0);

	for (int i = 9; i <= 200; i++)
		zdtm_fill(top - i * page, page, i);
	for (int i = 1; i <= 200; i++)
		CHECK(zdtm_filled(top - i * page, page, i));
	CHECK(zdtm_vm_flag(top - page, "gd"));
	CHECK(deep(300, 4) > 0); // 2.4 MiB, much more than was ever used
	return zdtm_pass();
}
