// An open file whose name has gone to another file is refused by name, and is not confused with it.
// rows: F3 M11
// refused: kind=deleted-file
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	zdtm_spit("file", "old");
	const int fd = CHECK_SYS(open("file", O_RDONLY));
	zdtm_spit("other", "new");
	CHECK_SYS(rename("other", "file"));

	zdtm_checkpoint_here();

	char text[8] = "";
	CHECK_EQ(read(fd, text, 7), 3);
	CHECK(strcmp(text, "old") == 0);
	return zdtm_pass();
}
