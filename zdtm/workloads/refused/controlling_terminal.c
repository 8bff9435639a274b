// A session with a controlling terminal is refused by name, and still has it.
// rows: Y1 T2
// refused: kind=tty
#include "zdtm.h"

#include <sys/ioctl.h>

static int session(void *arg)
{
	CHECK_SYS(setsid());
	CHECK_SYS(close(CHECK_SYS(open(arg, O_RDWR)))); // the first terminal a session leader opens
	zdtm_checkpoint_here();
	const int terminal = CHECK_SYS(open("/dev/tty", O_RDWR));
	pid_t of = 0;
	CHECK_SYS(ioctl(terminal, TIOCGSID, &of));
	CHECK_EQ(of, getpid());
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int master = CHECK_SYS(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
	CHECK_SYS(grantpt(master));
	CHECK_SYS(unlockpt(master));
	const pid_t child = zdtm_spawn(session, ptsname(master));

	zdtm_checkpoint_here();

	zdtm_join(child);
	return zdtm_pass();
}
