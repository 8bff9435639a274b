// Shared mappings of a file stay one with it and with each other: what one writes, all and the file show.
// rows: M1 M2
// attr: grid
#include "zdtm.h"

enum { kPages = 8 };
static char *first, *second, *late; // `late` maps the file from its third page on

static int child(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	CHECK(strcmp(first + 3 * zdtm_page(), "from the parent") == 0);
	strcpy(second + 4 * zdtm_page(), "from the child");
	return zdtm_pass();
}

static char at(off_t offset)
{
	char byte;
	const int fd = CHECK_SYS(open("shared", O_RDONLY));
	CHECK_EQ(pread(fd, &byte, 1, offset), 1);
	CHECK_SYS(close(fd));
	return byte;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	const int fd = CHECK_SYS(open("shared", O_RDWR | O_CREAT | O_EXCL, 0600));
	CHECK_SYS(ftruncate(fd, kPages * page));
	first = CHECK_SYS(mmap(NULL, kPages * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	second = CHECK_SYS(mmap(NULL, kPages * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	late = CHECK_SYS(mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, fd, 2 * page));
	CHECK_SYS(close(fd));
	for (int i = 0; i < kPages; i++)
		zdtm_fill(first + i * page, page, i);
	const pid_t relative = zdtm_spawn(child, NULL);

	zdtm_checkpoint_here();

	for (int i = 0; i < kPages; i++)
		CHECK(zdtm_filled(second + i * page, page, i));
	strcpy(second + 3 * page, "from the parent");
	CHECK(strcmp(first + 3 * page, "from the parent") == 0);
	CHECK(strcmp(late + page, "from the parent") == 0);
	CHECK_EQ(at(3 * page), 'f');
	zdtm_join(relative);
	CHECK(strcmp(first + 4 * page, "from the child") == 0);
	// And in the other direction: write() shows in the mapping.
	const int other = CHECK_SYS(open("shared", O_WRONLY));
	CHECK_EQ(pwrite(other, "!", 1, 3 * page), 1);
	CHECK_EQ(late[page], '!');
	return zdtm_pass();
}
