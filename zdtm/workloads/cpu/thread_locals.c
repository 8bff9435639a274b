// Thread-local variables of every kind stay with their thread, in parent and child.
// rows: R2
// attr: threads grid
#include "zdtm.h"

enum { kThreads = 20 };
static __thread uint32_t zeroed[64];
static __thread uint32_t initialised = 0x600d;
static __thread int *own_errno;
static pthread_key_t key;
static _Atomic uint32_t ready, go, destroyed;

static void on_end(void *value)
{
	atomic_fetch_add(&destroyed, (uintptr_t)value);
}

static void *body(void *arg)
{
	const uintptr_t number = (uintptr_t)arg;
	CHECK_EQ(initialised, 0x600d);
	initialised += number;
	zdtm_fill(zeroed, sizeof(zeroed), number);
	own_errno = &errno;
	errno = 1000 + number;
	CHECK_ZERO(pthread_setspecific(key, arg));
	const pthread_t self = pthread_self();

	atomic_fetch_add(&ready, 1);
	while (!atomic_load(&go)) // no call: errno has to be as it was
		;

	CHECK_EQ(errno, 1000 + number);
	CHECK(own_errno == &errno);
	CHECK_EQ(initialised, 0x600d + number);
	CHECK(zdtm_filled(zeroed, sizeof(zeroed), number));
	CHECK(pthread_getspecific(key) == arg);
	CHECK(pthread_equal(self, pthread_self()));
	return NULL;
}

static int run(void *arg)
{
	pthread_t threads[kThreads];
	uint32_t sum = 0;
	const int count = *(int *)arg;
	for (uintptr_t i = 1; i <= (uintptr_t)count; i++) {
		threads[i - 1] = zdtm_thread(body, (void *)i);
		sum += i;
	}
	while (atomic_load(&ready) < (uint32_t)count)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	initialised = 1;

	zdtm_checkpoint_here();

	atomic_store(&go, 1);
	for (int i = 0; i < count; i++)
		zdtm_join_thread(threads[i]);
	CHECK_EQ(atomic_load(&destroyed), sum);
	CHECK_EQ(initialised, 1);
	return 0;
}

static int child(void *arg)
{
	run(arg);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int few = 3, many = kThreads;
	CHECK_ZERO(pthread_key_create(&key, on_end));
	const pid_t other = zdtm_spawn(child, &few);
	run(&many);
	zdtm_join(other);
	return zdtm_pass();
}
