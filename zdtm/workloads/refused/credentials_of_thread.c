// A thread with a user id of its own is refused by name, and keeps it.
// rows: T7
// attr: threads
// refused: kind=credentials
#include "zdtm.h"

static _Atomic uint32_t ready, go;

static void *other_user(void *arg)
{
	// The raw call changes this thread alone; libc's would change all.
#ifdef SYS_setresuid32
	CHECK_SYS(syscall(SYS_setresuid32, -1, 3003, -1));
#else
	CHECK_SYS(syscall(SYS_setresuid, -1, 3003, -1));
#endif
	zdtm_futex_set(&ready, 1);
	zdtm_futex_wait_while(&go, 0);
	CHECK_EQ(geteuid(), 3003);
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pthread_t thread = zdtm_thread(other_user, NULL);
	zdtm_futex_wait_while(&ready, 0);

	zdtm_checkpoint_here();

	zdtm_futex_set(&go, 1);
	zdtm_join_thread(thread);
	CHECK_EQ(geteuid(), 0);
	return zdtm_pass();
}
