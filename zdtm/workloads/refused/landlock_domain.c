// A task in a landlock domain is refused by name, and stays restricted.
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
	CHECK_SYS(
		syscall(SYS_landlock_restrict_self, fd, 0)); // with CAP_SYS_ADMIN no_new_privs is not needed
	CHECK_SYS(close(fd));

	zdtm_checkpoint_here();

	CHECK_ERRNO(mkdir("forbidden", 0700), EACCES);
	return zdtm_pass();
}
