// Sealed memory is refused by name, and stays sealed.
// rows: M5
// attr: needs=mseal
// refused: kind=mseal
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	char *const area = CHECK_SYS(mmap(NULL, zdtm_page(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	NEEDS(syscall(462, area, zdtm_page(), 0), "mseal"); // newer than libc 2.36

	zdtm_checkpoint_here();

	CHECK_ERRNO(munmap(area, zdtm_page()), EPERM);
	return zdtm_pass();
}
