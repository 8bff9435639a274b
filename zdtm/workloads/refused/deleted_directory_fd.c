// An open directory that was deleted is refused by name.
// rows: F3
// refused: kind=deleted-directory
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(mkdir("gone", 0700));
	const int fd = CHECK_SYS(open("gone", O_RDONLY | O_DIRECTORY));
	CHECK_SYS(rmdir("gone"));

	zdtm_checkpoint_here();

	CHECK_ERRNO(openat(fd, "x", O_CREAT | O_WRONLY, 0600), ENOENT);
	return zdtm_pass();
}
