// A flock is refused by name, and stays held.
// rows: F6
// refused: kind=file-lock
#include "zdtm.h"

#include <sys/file.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	zdtm_spit("file", "");
	CHECK_SYS(flock(CHECK_SYS(open("file", O_RDWR)), LOCK_EX));

	zdtm_checkpoint_here();

	CHECK_ERRNO(flock(CHECK_SYS(open("file", O_RDWR)), LOCK_EX | LOCK_NB), EWOULDBLOCK);
	return zdtm_pass();
}
