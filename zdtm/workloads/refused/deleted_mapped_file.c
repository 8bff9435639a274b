// A mapped file without a name is refused by name, and its pages stay.
// rows: F3 M7
// refused: kind=deleted-file
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	const int fd = CHECK_SYS(open("file", O_RDWR | O_CREAT, 0600));
	CHECK_SYS(ftruncate(fd, page));
	char *const map = CHECK_SYS(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	zdtm_fill(map, page, 2);
	CHECK_SYS(close(fd));
	CHECK_SYS(unlink("file"));

	zdtm_checkpoint_here();

	CHECK(zdtm_filled(map, page, 2));
	return zdtm_pass();
}
