// Mappings that come, change and go all the time are never half there.
// rows: M1 M5
// attr: loops threads
#include "zdtm.h"

enum { kPages = 24 };
static atomic_bool stop;

static void step(unsigned seed)
{
	const size_t page = zdtm_page();
	char *area = CHECK_SYS(
		mmap(NULL, kPages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (int i = 0; i < kPages; i += 2)
		zdtm_fill(area + i * page, 256, seed + i);
	CHECK_SYS(munmap(area + 5 * page, page));
	CHECK_SYS(mprotect(area + 8 * page, 4 * page, PROT_READ));
	CHECK_SYS(madvise(area + 16 * page, 2 * page, MADV_DONTNEED));
	char *const tail = CHECK_SYS(mremap(area + 20 * page, 4 * page, 9 * page, MREMAP_MAYMOVE));
	for (int i = 0; i < 20; i += 2)
		if (i != 16)
			CHECK(zdtm_filled(area + i * page, 256, seed + i));
	CHECK_EQ(area[16 * page], 0);
	CHECK(zdtm_filled(tail, 256, seed + 20));
	CHECK(zdtm_filled(tail + 2 * page, 256, seed + 22));
	CHECK_SYS(munmap(tail, 9 * page));
	CHECK_SYS(munmap(area, 20 * page));
}

static void *body(void *arg)
{
	for (unsigned seed = 1000; !atomic_load(&stop); seed += 7)
		step(seed);
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	// munmap in another thread's area cannot happen: every step has its own, and mremap's hole is refilled.
	const pthread_t thread = zdtm_thread(body, NULL);
	unsigned seed = 0;
	while (zdtm_running())
		step(seed += 5);
	atomic_store(&stop, true);
	zdtm_join_thread(thread);
	return zdtm_pass();
}
