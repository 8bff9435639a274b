// Secret memory is refused by name, and keeps its content.
// rows: M7
// attr: needs=memfd_secret
// refused: kind=memfd-secret
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = NEEDS(syscall(447, 0), "memfd_secret"); // libc 2.36 has no name for it in 32 bits
	CHECK_SYS(ftruncate(fd, zdtm_page()));
	char *const map = CHECK_SYS(mmap(NULL, zdtm_page(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	zdtm_fill(map, zdtm_page(), 1);

	zdtm_checkpoint_here();

	CHECK(zdtm_filled(map, zdtm_page(), 1));
	return zdtm_pass();
}
