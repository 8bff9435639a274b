// Two leaders of groups who changed places cannot be born so: refused beside an eventfd, and each stays in its group.
// rows: T2 F5
// refused: kind=eventfd kind=tree-shape
#include "zdtm.h"

#include <sys/eventfd.h>

static int waits(void *arg)
{
	(void)arg;
	zdtm_running(); // tells that it is set up; its group changes after that
	sigset_t wake;
	int got;
	sigemptyset(&wake);
	sigaddset(&wake, SIGUSR2);
	CHECK_ZERO(sigwait(&wake, &got));
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t one = zdtm_spawn(waits, NULL), other = zdtm_spawn(waits, NULL);
	// Group `one` must not be empty while its leader is gone and `other` not there yet.
	const pid_t placeholder = CHECK_SYS(fork());
	if (placeholder == 0)
		for (;;)
			pause();
	CHECK_SYS(setpgid(one, one));
	CHECK_SYS(setpgid(other, other));
	CHECK_SYS(setpgid(placeholder, one));
	CHECK_SYS(setpgid(one, other));
	CHECK_SYS(setpgid(other, one));
	CHECK_SYS(kill(placeholder, SIGKILL));
	CHECK_EQ(waitpid(placeholder, NULL, 0), placeholder);
	const int fd = CHECK_SYS(eventfd(30, EFD_NONBLOCK));

	zdtm_checkpoint_here();

	uint64_t value;
	CHECK_EQ(read(fd, &value, sizeof(value)), sizeof(value));
	CHECK_EQ(getpgid(one), other);
	CHECK_EQ(getpgid(other), one);
	zdtm_join(one);
	zdtm_join(other);
	return zdtm_pass();
}
