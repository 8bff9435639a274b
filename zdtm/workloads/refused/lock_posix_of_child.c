// A POSIX file lock that a child took by an inherited descriptor is refused by name, and stays the child's.
// rows: F6
// refused: kind=file-lock
#include "zdtm.h"

static struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5};

static int locks(void *arg)
{
	CHECK_SYS(fcntl(*(int *)arg, F_SETLK, &lock));
	zdtm_checkpoint_here();
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int fd = CHECK_SYS(open("file", O_RDWR | O_CREAT, 0600));
	const pid_t child = zdtm_spawn(locks, &fd);

	zdtm_checkpoint_here();

	struct flock other = lock;
	CHECK_SYS(fcntl(fd, F_GETLK, &other));
	CHECK_EQ(other.l_type, F_WRLCK);
	CHECK_EQ(other.l_pid, child);
	zdtm_join(child);
	return zdtm_pass();
}
