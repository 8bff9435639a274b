// A pidfd is refused by name, and still stands for its task.
// rows: F5
// refused: kind=pidfd
#include "zdtm.h"

#include <poll.h>

static int waits(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t child = zdtm_spawn(waits, NULL);
	const int fd = CHECK_SYS(syscall(SYS_pidfd_open, child, 0));

	zdtm_checkpoint_here();

	struct pollfd ended = {.fd = fd, .events = POLLIN};
	CHECK_EQ(poll(&ended, 1, 0), 0);
	CHECK_SYS(syscall(SYS_pidfd_send_signal, fd, SIGUSR2, NULL, 0));
	CHECK_EQ(poll(&ended, 1, -1), 1);
	CHECK_EQ(waitpid(child, NULL, 0), child);
	return zdtm_pass();
}
