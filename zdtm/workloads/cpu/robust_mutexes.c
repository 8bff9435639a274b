// A robust mutex whose owner dies after the checkpoint tells the next owner, a waiting one too.
// rows: R4 R5 M1
// attr: threads
#include "zdtm.h"

struct locks {
	pthread_mutex_t of_child, of_thread;
	_Atomic uint32_t waiter, owner, go;
};
static struct locks *locks;

static int dies_with_lock(void *arg)
{
	(void)arg;
	CHECK_ZERO(pthread_mutex_lock(&locks->of_child));
	zdtm_checkpoint_here();
	_exit(0); // with the lock in hand
}

static int waits_for_lock(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	CHECK_EQ(pthread_mutex_lock(&locks->of_child), EOWNERDEAD);
	CHECK_ZERO(pthread_mutex_consistent(&locks->of_child));
	CHECK_ZERO(pthread_mutex_unlock(&locks->of_child));
	return zdtm_pass();
}

static void *thread_dies_with_lock(void *arg)
{
	CHECK_ZERO(pthread_mutex_lock(&locks->of_thread));
	zdtm_futex_set(&locks->owner, zdtm_tid());
	zdtm_futex_wait_while(&locks->go, 0);
	return arg;
}

static void *thread_waits(void *arg)
{
	atomic_store(&locks->waiter, zdtm_tid());
	CHECK_EQ(pthread_mutex_lock(&locks->of_thread), EOWNERDEAD); // blocked across the checkpoint
	CHECK_ZERO(pthread_mutex_consistent(&locks->of_thread));
	CHECK_ZERO(pthread_mutex_unlock(&locks->of_thread));
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pthread_mutexattr_t kind;
	locks = zdtm_shared_memory(sizeof(*locks));
	pthread_mutexattr_init(&kind);
	CHECK_ZERO(pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED));
	CHECK_ZERO(pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST));
	CHECK_ZERO(pthread_mutex_init(&locks->of_child, &kind));
	CHECK_ZERO(pthread_mutex_init(&locks->of_thread, &kind));
	const pid_t owner = zdtm_spawn(dies_with_lock, NULL), next = zdtm_spawn(waits_for_lock, NULL);
	const pthread_t thread = zdtm_thread(thread_dies_with_lock, NULL);
	zdtm_futex_wait_while(&locks->owner, 0);
	const pthread_t waiter = zdtm_thread(thread_waits, NULL);
	while (!atomic_load(&locks->waiter))
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	zdtm_until_asleep(locks->waiter);

	zdtm_checkpoint_here();

	CHECK_EQ(pthread_mutex_trylock(&locks->of_child), EBUSY);
	zdtm_futex_set(&locks->go, 1);
	zdtm_join_thread(thread);
	zdtm_join_thread(waiter);
	CHECK_SYS(kill(owner, SIGUSR2));
	CHECK_EQ(waitpid(owner, NULL, 0), owner);
	zdtm_join(next);
	CHECK_ZERO(pthread_mutex_lock(&locks->of_child));
	return zdtm_pass();
}
