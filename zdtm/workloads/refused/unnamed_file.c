// A file made with O_TMPFILE is refused by name, and can still be linked in.
// rows: F3
// attr: needs=O_TMPFILE
// refused: kind=deleted-file
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = NEEDS(open(".", O_TMPFILE | O_RDWR, 0600), "O_TMPFILE");
	zdtm_put(fd, "content", 7);

	zdtm_checkpoint_here();

	char path[64], text[16];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_SYS(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	zdtm_slurp("named", text, sizeof(text));
	CHECK(strcmp(text, "content") == 0);
	return zdtm_pass();
}
