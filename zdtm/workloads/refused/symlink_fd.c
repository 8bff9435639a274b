// A descriptor of a symbolic link itself is refused by name, and is still the link.
// rows: F5
// refused: kind=o_path
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(symlink("nowhere", "link"));
	const int fd = CHECK_SYS(open("link", O_PATH | O_NOFOLLOW));

	zdtm_checkpoint_here();

	char target[16] = "";
	CHECK_EQ(readlinkat(fd, "", target, sizeof(target)), 7);
	CHECK(strcmp(target, "nowhere") == 0);
	return zdtm_pass();
}
