// Threads that are created and joined without a pause: each runs once, with its own stack and result.
// rows: T1 T2 R2 R4
// attr: loops threads
#include "zdtm.h"

enum { kAtOnce = 4, kMakers = 2 };

static atomic_bool stop;
static __thread uint32_t own;

static void *short_life(void *arg)
{
	char area[2048];
	own = (uintptr_t)arg;
	zdtm_fill(area, sizeof(area), own);
	CHECK(zdtm_filled(area, sizeof(area), (uintptr_t)arg));
	CHECK_EQ(own, (uintptr_t)arg);
	return (void *)((uintptr_t)arg * 3);
}

static void batch(uintptr_t first)
{
	pthread_t threads[kAtOnce];
	for (int i = 0; i < kAtOnce; i++)
		threads[i] = zdtm_thread(short_life, (void *)(first + i));
	for (int i = 0; i < kAtOnce; i++) {
		void *result;
		CHECK_ZERO(pthread_join(threads[i], &result));
		CHECK((uintptr_t)result == (first + i) * 3);
	}
}

static void *maker(void *arg)
{
	for (uintptr_t n = (uintptr_t)arg; !atomic_load(&stop); n += kAtOnce)
		batch(n);
	return NULL;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pthread_t makers[kMakers];
	for (int i = 0; i < kMakers; i++)
		makers[i] = zdtm_thread(maker, (void *)(uintptr_t)(i * 1000003));
	uintptr_t n = 7;
	while (zdtm_running())
		batch(n += kAtOnce);
	atomic_store(&stop, true);
	for (int i = 0; i < kMakers; i++)
		zdtm_join_thread(makers[i]);
	return zdtm_pass();
}
