// A thread with a descriptor table of its own is refused by name, and keeps it.
// rows: T12
// attr: threads
// refused: kind=unshared-thread
#include "zdtm.h"

#include <sched.h>

static _Atomic uint32_t ready, go;

static void *apart(void *arg)
{
	CHECK_SYS(unshare(CLONE_FILES));
	CHECK_EQ(dup2(STDIN_FILENO, 78), 78);
	zdtm_futex_set(&ready, 1);
	zdtm_futex_wait_while(&go, 0);
	CHECK_SYS(fcntl(78, F_GETFD));
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pthread_t thread = zdtm_thread(apart, NULL);
	zdtm_futex_wait_while(&ready, 0);

	zdtm_checkpoint_here();

	CHECK_ERRNO(fcntl(78, F_GETFD), EBADF);
	zdtm_futex_set(&go, 1);
	zdtm_join_thread(thread);
	return zdtm_pass();
}
