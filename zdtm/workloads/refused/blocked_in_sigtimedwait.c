// A thread waiting in sigtimedwait with a time-out, of which nobody can tell what is left, is refused by name.
// rows: R5
// attr: threads
// refused: kind=blocked-call
#include "zdtm.h"

static _Atomic uint32_t tid;

static void *waits(void *arg)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 4);
	siginfo_t info;
	atomic_store(&tid, zdtm_tid());
	CHECK_EQ(sigtimedwait(&set, &info, &(struct timespec){600, 0}), SIGRTMIN + 4);
	CHECK_EQ(info.si_value.sival_int, 33);
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 4);
	CHECK_ZERO(pthread_sigmask(SIG_BLOCK, &set, NULL));
	const pthread_t thread = zdtm_thread(waits, NULL);
	while (!atomic_load(&tid))
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	zdtm_until_asleep(tid);

	zdtm_checkpoint_here();

	CHECK_ZERO(pthread_sigqueue(thread, SIGRTMIN + 4, (union sigval){.sival_int = 33}));
	zdtm_join_thread(thread);
	return zdtm_pass();
}
