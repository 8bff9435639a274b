// A current directory that was deleted is refused by name.
// rows: F3 T8
// refused: kind=deleted-directory
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(mkdir("gone", 0700));
	CHECK_SYS(chdir("gone"));
	CHECK_SYS(rmdir("../gone"));

	zdtm_checkpoint_here();

	char path[PATH_MAX];
	CHECK(!getcwd(path, sizeof(path)) && errno == ENOENT);
	return zdtm_pass();
}
