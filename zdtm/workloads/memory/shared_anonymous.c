// Shared anonymous memory stays common to all relatives, whatever part each has kept and with whatever protection.
// rows: M1 M2 M5
// attr: grid
#include "zdtm.h"

enum { kPages = 16, kKinds = 4 };
static unsigned char *area;

static unsigned char *page_at(int i)
{
	return area + i * zdtm_page();
}

static int relative(void *arg)
{
	const int kind = *(int *)arg;
	const size_t page = zdtm_page();
	// Each has its own view: a hole in front, behind, in the middle, or one protected page only.
	if (kind == 0)
		CHECK_SYS(munmap(area, 4 * page));
	else if (kind == 1)
		CHECK_SYS(munmap(page_at(10), 6 * page));
	else if (kind == 2)
		CHECK_SYS(munmap(page_at(6), 3 * page));
	else
		CHECK_SYS(mprotect(area, kPages * page, PROT_READ));

	zdtm_checkpoint_here();

	if (kind == 0)
		CHECK_ERRNO(msync(page_at(3), page, MS_ASYNC), ENOMEM);
	if (kind == 1)
		CHECK_ERRNO(msync(page_at(10), page, MS_ASYNC), ENOMEM);
	if (kind == 2)
		CHECK_ERRNO(msync(page_at(6), page, MS_ASYNC), ENOMEM);
	if (kind == 3) {
		const int zero = CHECK_SYS(open("/dev/zero", O_RDONLY));
		CHECK_ERRNO(read(zero, page_at(5), 1), EFAULT);
		CHECK_SYS(mprotect(area, kPages * page, PROT_READ | PROT_WRITE));
	}
	CHECK_EQ(*page_at(5), 100 + kind); // relatives run one after the other
	*page_at(5) = 101 + kind;
	CHECK(zdtm_filled(page_at(9), page, 9));
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pid_t relatives[kKinds];
	area = zdtm_shared_memory(kPages * zdtm_page());
	for (int i = 0; i < kPages; i++)
		if (i % 4 != 3) // some pages were never touched by anyone
			zdtm_fill(page_at(i), zdtm_page(), i);
	for (int kind = 0; kind < kKinds; kind++)
		relatives[kind] = zdtm_spawn(relative, &kind);

	zdtm_checkpoint_here();

	for (int i = 0; i < kPages; i++)
		if (i % 4 != 3)
			CHECK(zdtm_filled(page_at(i), zdtm_page(), i));
	*page_at(5) = 100;
	for (int kind = 0; kind < kKinds; kind++)
		zdtm_join(relatives[kind]);
	CHECK_EQ(*page_at(5), 100 + kKinds);
	CHECK_EQ(*page_at(7), 0);
	return zdtm_pass();
}
