// Private anonymous memory keeps its content, its holes and its protections, page by page.
// rows: M1 M5
#include "zdtm.h"

enum { kPages = 257 };

// Every third page is written, every fifth of these with zeros only; the rest was never touched.
static bool written(int page)
{
	return page % 3 == 0;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	char *const area = CHECK_SYS(
		mmap(NULL, kPages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (int i = 0; i < kPages; i++)
		if (written(i) && i % 15)
			zdtm_fill(area + i * page, page, i);
		else if (written(i))
			memset(area + i * page, 0, page);
	CHECK_SYS(mprotect(area + 30 * page, 10 * page, PROT_READ));
	CHECK_SYS(mprotect(area + 60 * page, 10 * page, PROT_READ | PROT_EXEC));
	CHECK_SYS(mprotect(area + 90 * page, 10 * page, PROT_NONE));
	CHECK_SYS(munmap(area + 120 * page, 3 * page));

	zdtm_checkpoint_here();

	CHECK_ERRNO(msync(area + 120 * page, page, MS_ASYNC), ENOMEM);
	// A protection is what the kernel enforces: it will not read into these.
	const int zero = CHECK_SYS(open("/dev/zero", O_RDONLY));
	CHECK_ERRNO(read(zero, area + 31 * page, 1), EFAULT);
	CHECK_ERRNO(read(zero, area + 61 * page, 1), EFAULT);
	CHECK_ERRNO(write(STDOUT_FILENO, area + 91 * page, 1), EFAULT);
	CHECK_SYS(mprotect(area + 90 * page, 10 * page, PROT_READ)); // the content was there all the time
	for (int i = 0; i < kPages; i++) {
		if (i >= 120 && i < 123)
			continue;
		if (written(i) && i % 15) {
			CHECK(zdtm_filled(area + i * page, page, i));
			continue;
		}
		for (size_t k = 0; k < page; k++)
			CHECK_EQ(area[i * page + k], 0);
	}
	return zdtm_pass();
}
