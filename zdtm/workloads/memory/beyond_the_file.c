// A mapping longer than its file keeps both parts: the file's and the one that faults until the file grows.
// rows: M1
#include "zdtm.h"

#include <setjmp.h>

static sigjmp_buf back;

static void on_bus(int signo)
{
	(void)signo;
	siglongjmp(back, 1);
}

static bool faults(volatile char *at)
{
	if (sigsetjmp(back, 1))
		return true;
	(void)*at;
	return false;
}

static int open_with(const char *name, size_t size)
{
	const int fd = CHECK_SYS(open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
	char *const block = malloc(size);
	zdtm_fill(block, size, 4);
	zdtm_put(fd, block, size);
	free(block);
	return fd;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page(), size = 2 * page + 100; // ends inside a page
	const int fd = open_with("short", size);
	char *const shared = CHECK_SYS(mmap(NULL, 6 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	char *const private = CHECK_SYS(mmap(NULL, 6 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	CHECK_SYS(sigaction(SIGBUS, &(struct sigaction){.sa_handler = on_bus}, NULL));
	zdtm_fill(private + page, page, 5);
	CHECK(faults(shared + 4 * page) && faults(private + 4 * page));

	zdtm_checkpoint_here();

	CHECK(zdtm_filled(shared, size, 4));
	CHECK(zdtm_filled(private + page, page, 5));
	CHECK_EQ(shared[size], 0);
	CHECK(faults(shared + 3 * page) && faults(private + 5 * page));
	CHECK_SYS(ftruncate(fd, 6 * page));
	CHECK(!faults(shared + 4 * page) && !faults(private + 4 * page));
	strcpy(shared + 4 * page, "grown");
	CHECK(strcmp(private + 4 * page, "grown") == 0);
	return zdtm_pass();
}
