// Threads waiting in mutexes, conditions, barriers and read-write locks are woken as ever; detached ones end.
// rows: R2 R4 R5
// attr: threads
#include "zdtm.h"

#include <semaphore.h>

enum { kWaiters = 5 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t units, detached_done;
static int generation, seen;
static _Atomic uint32_t tids[5 * kWaiters], next_tid;

static void here(void)
{
	tids[atomic_fetch_add(&next_tid, 1)] = zdtm_tid();
}

static void *waits_condition(void *arg)
{
	(void)arg;
	here();
	CHECK_ZERO(pthread_mutex_lock(&lock));
	while (!generation)
		CHECK_ZERO(pthread_cond_wait(&changed, &lock));
	seen++;
	CHECK_ZERO(pthread_mutex_unlock(&lock));
	return NULL;
}

static void *waits_mutex(void *arg)
{
	here();
	CHECK_ZERO(pthread_mutex_lock(&held));
	++*(int *)arg;
	CHECK_ZERO(pthread_mutex_unlock(&held));
	return NULL;
}

static void *waits_rwlock(void *arg)
{
	(void)arg;
	here();
	CHECK_ZERO(pthread_rwlock_rdlock(&shared));
	CHECK_ZERO(pthread_rwlock_unlock(&shared));
	return NULL;
}

static void *waits_barrier(void *arg)
{
	(void)arg;
	here();
	const int result = pthread_barrier_wait(&barrier);
	CHECK(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
	return NULL;
}

static void *waits_semaphore(void *arg)
{
	(void)arg;
	CHECK_ZERO(pthread_detach(pthread_self()));
	here();
	CHECK_SYS(sem_wait(&units)); // EINTR would show here
	CHECK_SYS(sem_post(&detached_done));
	return NULL;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int count = 0;
	void *(*const kinds[4])(void *) = {waits_condition, waits_mutex, waits_rwlock, waits_barrier};
	pthread_t threads[4][kWaiters];
	pthread_barrier_init(&barrier, NULL, kWaiters + 1);
	sem_init(&units, 0, 0);
	sem_init(&detached_done, 0, 0);
	pthread_mutex_lock(&held);
	pthread_rwlock_wrlock(&shared);
	for (int i = 0; i < kWaiters; i++) {
		for (int kind = 0; kind < 4; kind++)
			threads[kind][i] = zdtm_thread(kinds[kind], &count);
		zdtm_thread(waits_semaphore, NULL);
	}
	for (int i = 0; i < 5 * kWaiters; i++) {
		while (!atomic_load(&tids[i]))
			nanosleep(&(struct timespec){0, 1000000}, NULL);
		zdtm_until_asleep(tids[i]);
	}

	zdtm_checkpoint_here();

	CHECK_ZERO(pthread_mutex_lock(&lock));
	CHECK_EQ(seen, 0);
	generation = 1;
	CHECK_ZERO(pthread_cond_broadcast(&changed));
	CHECK_ZERO(pthread_mutex_unlock(&lock));
	CHECK_EQ(count, 0);
	CHECK_ZERO(pthread_mutex_unlock(&held));
	CHECK_ZERO(pthread_rwlock_unlock(&shared));
	const int result = pthread_barrier_wait(&barrier);
	CHECK(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
	for (int i = 0; i < kWaiters; i++) {
		CHECK_SYS(sem_post(&units));
		CHECK_SYS(sem_wait(&detached_done));
		for (int kind = 0; kind < 4; kind++)
			zdtm_join_thread(threads[kind][i]);
	}
	CHECK_EQ(seen, kWaiters);
	CHECK_EQ(count, kWaiters);
	return zdtm_pass();
}
