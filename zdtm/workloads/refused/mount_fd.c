// A file system context is refused by name.
// rows: F7 X1
// attr: needs=fsopen
// refused: kind=anon-inode
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = NEEDS(syscall(SYS_fsopen, "tmpfs", 0), "fsopen");

	zdtm_checkpoint_here();

	CHECK_SYS(fcntl(fd, F_GETFD));
	return zdtm_pass();
}
