// A memory file with seals is refused by name, and keeps content and seals.
// rows: M7
// refused: kind=memfd
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = CHECK_SYS(memfd_create("a name", MFD_ALLOW_SEALING));
	zdtm_put(fd, "content", 7);
	CHECK_SYS(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));

	zdtm_checkpoint_here();

	char text[8] = "";
	CHECK_EQ(pread(fd, text, 7, 0), 7);
	CHECK(strcmp(text, "content") == 0);
	CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_GROW);
	return zdtm_pass();
}
