// A private file mapping keeps its written pages, shows the file in the others, and never changes the file.
// rows: M1 M2
// attr: grid
#include "zdtm.h"

enum { kPages = 40, kSkip = 3 };

static void check(const unsigned char *map, int written)
{
	const size_t page = zdtm_page();
	for (int i = 0; i < kPages - kSkip; i++) {
		if (i >= 10 && i < 12)
			continue; // unmapped
		const unsigned seed = i % 4 == 1 ? written + i : i + kSkip;
		CHECK(zdtm_filled(map + i * page, page, seed));
	}
}

static unsigned char *map;

static int child(void *arg)
{
	(void)arg;
	zdtm_fill(map + 5 * zdtm_page(), zdtm_page(), 2005);
	zdtm_checkpoint_here();
	CHECK(zdtm_filled(map + 5 * zdtm_page(), zdtm_page(), 2005));
	zdtm_fill(map + 5 * zdtm_page(), zdtm_page(), 1005);
	check(map, 1000);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	unsigned char *const block = malloc(page);
	const int fd = CHECK_SYS(open("file", O_RDWR | O_CREAT | O_EXCL, 0600));
	for (int i = 0; i < kPages; i++) {
		zdtm_fill(block, page, i);
		zdtm_put(fd, block, page);
	}
	CHECK_SYS(close(fd));
	const int again = CHECK_SYS(open("file", O_RDONLY)); // enough for a private writable mapping
	map = CHECK_SYS(mmap(NULL, (kPages - kSkip) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, again,
			     kSkip * page));
	CHECK_SYS(close(again));
	for (int i = 1; i < kPages - kSkip; i += 4)
		zdtm_fill(map + i * page, page, 1000 + i);
	CHECK_SYS(munmap(map + 10 * page, 2 * page));
	CHECK_SYS(mprotect(map + 20 * page, 4 * page, PROT_READ));
	const pid_t relative = zdtm_spawn(child, NULL);

	zdtm_checkpoint_here();

	check(map, 1000);
	zdtm_join(relative);
	check(map, 1000);
	const int file = CHECK_SYS(open("file", O_RDONLY));
	for (int i = 0; i < kPages; i++) {
		zdtm_get(file, block, page);
		CHECK(zdtm_filled(block, page, i));
	}
	return zdtm_pass();
}
