// Equal-looking shared areas are kept apart, and one area mapped twice stays one, also when its maker has let go of it.
// rows: M2
#include "zdtm.h"

enum { kAreas = 4 };
static _Atomic uint32_t *areas[kAreas], *twice;

static int user(void *arg)
{
	const int mine = *(int *)arg; // maps only two of the areas
	for (int i = 0; i < kAreas; i++)
		if (i != mine && i != (mine + 1) % kAreas)
			CHECK_SYS(munmap(areas[i], zdtm_page()));

	zdtm_checkpoint_here();

	atomic_fetch_add(areas[mine], 1u << (8 * mine));
	atomic_fetch_add(areas[(mine + 1) % kAreas], 2u << (8 * mine));
	atomic_fetch_add(twice, 1);
	return zdtm_pass();
}

static int reader(void *arg)
{
	(void)arg;
	for (int i = 0; i < kAreas; i++) // each area at a second address as well
		CHECK_SYS(mremap(areas[i], 0, zdtm_page(), MREMAP_MAYMOVE));
	zdtm_checkpoint_here();
	for (int i = 0; i < kAreas; i++) {
		const int before = (i + kAreas - 1) % kAreas;
		CHECK_EQ(atomic_load(areas[i]), (1u << (8 * i)) + (2u << (8 * before)));
	}
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pid_t users[kAreas];
	const size_t page = zdtm_page();
	for (int i = 0; i < kAreas; i++) {
		areas[i] = zdtm_shared_memory(page);
		*areas[i] = 0; // a page of its own, and all of them look the same
	}
	// Old size zero: a second mapping of the same object.
	twice = zdtm_shared_memory(page);
	*twice = 0;
	_Atomic uint32_t *const alias = CHECK_SYS(mremap(twice, 0, page, MREMAP_MAYMOVE));
	CHECK(alias != twice);
	const pid_t last = zdtm_spawn(reader, NULL);
	for (int i = 0; i < kAreas; i++)
		users[i] = zdtm_spawn(user, &i);
	for (int i = 0; i < kAreas; i++)
		CHECK_SYS(munmap(areas[i], page));

	zdtm_checkpoint_here();

	for (int i = 0; i < kAreas; i++)
		zdtm_join(users[i]);
	CHECK_EQ(atomic_load(alias), kAreas);
	zdtm_join(last);
	return zdtm_pass();
}
