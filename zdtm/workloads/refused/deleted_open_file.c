// An open file without a name is refused by name, and keeps its content.
// rows: F3
// refused: kind=deleted-file
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	zdtm_spit("file", "content");
	const int fd = CHECK_SYS(open("file", O_RDWR));
	CHECK_SYS(unlink("file"));

	zdtm_checkpoint_here();

	char text[8] = "";
	CHECK_EQ(read(fd, text, 7), 7);
	CHECK(strcmp(text, "content") == 0);
	return zdtm_pass();
}
