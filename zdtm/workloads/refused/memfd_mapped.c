// A memory file that is only mapped is refused by name, and keeps its content.
// rows: M7
// refused: kind=memfd
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = CHECK_SYS(memfd_create("mapped", 0));
	CHECK_SYS(ftruncate(fd, zdtm_page()));
	char *const map = CHECK_SYS(mmap(NULL, zdtm_page(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	CHECK_SYS(close(fd));
	zdtm_fill(map, zdtm_page(), 1);

	zdtm_checkpoint_here();

	CHECK(zdtm_filled(map, zdtm_page(), 1));
	return zdtm_pass();
}
