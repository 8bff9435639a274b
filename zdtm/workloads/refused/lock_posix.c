// A POSIX file lock is refused by name, and stays held.
// rows: F6
// refused: kind=file-lock
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	zdtm_spit("file", "");
	const int fd = CHECK_SYS(open("file", O_RDWR));
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5};
	CHECK_SYS(fcntl(fd, F_SETLK, &lock));

	zdtm_checkpoint_here();

	const pid_t child = CHECK_SYS(fork());
	if (child == 0) {
		struct flock other = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5};
		CHECK_SYS(fcntl(CHECK_SYS(open("file", O_RDWR)), F_GETLK, &other));
		_exit(other.l_type == F_WRLCK ? 0 : 1); // held by someone else
	}
	int status;
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	return zdtm_pass();
}
