// Clocks read through the vdso in a tight loop never run backwards, in any thread.
// rows: M4 R7
// attr: loops threads
#include "zdtm.h"

static const clockid_t kClocks[] = {CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_MONOTONIC_COARSE,
				    CLOCK_MONOTONIC_RAW};
enum { kCount = sizeof(kClocks) / sizeof(kClocks[0]) };
static atomic_bool stop;

static void step(struct timespec *last)
{
	for (int round = 0; round < 1000; round++)
		for (int i = 0; i < kCount; i++) {
			struct timespec now;
			CHECK_SYS(clock_gettime(kClocks[i], &now));
			if (now.tv_sec < last[i].tv_sec ||
			    (now.tv_sec == last[i].tv_sec && now.tv_nsec < last[i].tv_nsec))
				FAIL("clock %d went back by %d s %ld ns", kClocks[i],
				     (int)(last[i].tv_sec - now.tv_sec), last[i].tv_nsec - now.tv_nsec);
			CHECK(now.tv_nsec >= 0 && now.tv_nsec < 1000000000);
			last[i] = now;
		}
}

static void *body(void *arg)
{
	struct timespec last[kCount] = {{0, 0}};
	do
		step(last);
	while (!atomic_load(&stop));
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct timespec last[kCount] = {{0, 0}};
	const pthread_t thread = zdtm_thread(body, NULL);
	while (zdtm_running())
		step(last);
	atomic_store(&stop, true);
	zdtm_join_thread(thread);
	return zdtm_pass();
}
