// A landlock ruleset is refused by name.
// rows: F7
// attr: needs=landlock
// refused: kind=landlock
#include "zdtm.h"

#include <linux/landlock.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_DIR};
	const int fd = NEEDS(syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0), "landlock");

	zdtm_checkpoint_here();

	CHECK_SYS(fcntl(fd, F_GETFD));
	CHECK_SYS(mkdir("allowed", 0700));
	return zdtm_pass();
}
