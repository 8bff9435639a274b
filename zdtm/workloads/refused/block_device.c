// An open block device is refused by name, and stays the same one.
// rows: F5
// attr: needs=block_device
// refused: kind=block-device
#include "disk.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = NEEDS(zdtm_open_any_disk(), "block device");
	struct stat before, after;
	CHECK_SYS(fstat(fd, &before));

	zdtm_checkpoint_here();

	CHECK_SYS(fstat(fd, &after));
	CHECK(S_ISBLK(after.st_mode));
	CHECK_EQ(after.st_rdev, before.st_rdev);
	return zdtm_pass();
}
