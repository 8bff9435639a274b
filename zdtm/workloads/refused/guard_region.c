// Guard pages are refused by name, and go on guarding.
// rows: M6
// attr: needs=guard_regions
// refused: kind=guard-region
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	char *const area = CHECK_SYS(
		mmap(NULL, 4 * zdtm_page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	area[0] = 1;
	enum { kMadvGuardInstall = 102 }; // newer than libc 2.36
	NEEDS(madvise(area + zdtm_page(), zdtm_page(), kMadvGuardInstall), "guard regions");

	zdtm_checkpoint_here();

	CHECK_ERRNO(write(STDOUT_FILENO, area + zdtm_page(), 1), EFAULT);
	CHECK_EQ(area[0], 1);
	return zdtm_pass();
}
