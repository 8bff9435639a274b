// A signalfd is refused by name, and goes on delivering.
// rows: S3
// refused: kind=signalfd
#include "zdtm.h"

#include <sys/signalfd.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	CHECK_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	const int fd = CHECK_SYS(signalfd(-1, &set, 0));

	zdtm_checkpoint_here();

	struct signalfd_siginfo info;
	CHECK_SYS(raise(SIGHUP));
	CHECK_EQ(read(fd, &info, sizeof(info)), sizeof(info));
	CHECK_EQ(info.ssi_signo, SIGHUP);
	return zdtm_pass();
}
