// An open file whose own name is gone and that has another is refused by name, and stays usable.
// rows: F3
// refused: kind=deleted-file
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	zdtm_spit("first name", "content");
	const int fd = CHECK_SYS(open("first name", O_RDWR));
	CHECK_SYS(link("first name", "second name"));
	CHECK_SYS(unlink("first name"));

	zdtm_checkpoint_here();

	char text[16];
	CHECK_EQ(pwrite(fd, "C", 1, 0), 1);
	zdtm_slurp("second name", text, sizeof(text));
	CHECK(strcmp(text, "Content") == 0);
	return zdtm_pass();
}
