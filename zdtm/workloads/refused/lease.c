// A lease is refused by name, and stays held.
// rows: F6
// refused: kind=file-lock
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	zdtm_spit("file", "");
	const int fd = CHECK_SYS(open("file", O_RDONLY));
	CHECK_SYS(fcntl(fd, F_SETLEASE, F_RDLCK));

	zdtm_checkpoint_here();

	CHECK_EQ(fcntl(fd, F_GETLEASE), F_RDLCK);
	return zdtm_pass();
}
