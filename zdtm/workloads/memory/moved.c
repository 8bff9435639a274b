// Mappings that were moved, grown and split with mremap keep content and sharing at their new addresses.
// rows: M1 M2 M4
#include "zdtm.h"

static char *area, *file;

static int child(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	CHECK(zdtm_filled(area, 4 * zdtm_page(), 1));
	CHECK(strcmp(file, "from the parent") == 0);
	return zdtm_pass();
}

static char *move(char *from, size_t size, size_t new_size)
{
	// Somewhere else for sure: into a hole that is made for it.
	char *const to = CHECK_SYS(mmap(NULL, new_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	return CHECK_SYS(mremap(from, size, new_size, MREMAP_MAYMOVE | MREMAP_FIXED, to));
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	area = CHECK_SYS(mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	zdtm_fill(area, 4 * page, 1);
	zdtm_fill(area + 4 * page, 4 * page, 2);
	char *const rest = move(area + 4 * page, 4 * page, 4 * page);
	area = move(area, 4 * page, 6 * page);
	const int fd = CHECK_SYS(open("file", O_RDWR | O_CREAT | O_EXCL, 0600));
	CHECK_SYS(ftruncate(fd, 4 * page));
	char *const whole = CHECK_SYS(mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	file = move(whole + 2 * page, 2 * page, 2 * page);
	const pid_t relative = zdtm_spawn(child, NULL);

	zdtm_checkpoint_here();

	strcpy(file, "from the parent");
	CHECK_EQ(pwrite(fd, "f", 1, 2 * page), 1);
	zdtm_join(relative);
	CHECK(zdtm_filled(rest, 4 * page, 2));
	CHECK_EQ(area[5 * page], 0);
	area = CHECK_SYS(mremap(area, 6 * page, 20 * page, MREMAP_MAYMOVE));
	CHECK(zdtm_filled(area, 4 * page, 1));
	CHECK_EQ(area[19 * page], 0);
	return zdtm_pass();
}
