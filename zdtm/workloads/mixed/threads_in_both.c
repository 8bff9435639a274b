// Tasks of both word sizes with several threads each keep every thread's locals, masks and registers.
// rows: R1 R2 R4 S1
// attr: threads grid
#include "zdtm.h"

enum { kThreads = 8 };
static __thread uint64_t own;
static _Atomic uint32_t ready, go;

static void *body(void *arg)
{
	const uintptr_t number = (uintptr_t)arg;
	sigset_t mask, now;
	own = 0x1111111111111111ull * number;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigaddset(&mask, SIGRTMIN + 1 + number);
	CHECK_ZERO(pthread_sigmask(SIG_SETMASK, &mask, NULL));
	atomic_fetch_add(&ready, 1);
	uint64_t count = 0;
	if (number % 2)
		zdtm_futex_wait_while(&go, 0);
	else
		while (!atomic_load(&go))
			count++;
	CHECK_EQ(own, 0x1111111111111111ull * number);
	CHECK_ZERO(pthread_sigmask(SIG_SETMASK, NULL, &now));
	CHECK(memcmp(&mask, &now, 8) == 0);
	return (void *)(uintptr_t)(count > 0);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t child = argc == 1 ? zdtm_spawn_program(zdtm_twin(), "other", NULL) : 0;
	pthread_t threads[kThreads];
	for (uintptr_t i = 0; i < kThreads; i++)
		threads[i] = zdtm_thread(body, (void *)i);
	while (atomic_load(&ready) < kThreads)
		nanosleep(&(struct timespec){0, 1000000}, NULL);

	zdtm_checkpoint_here();

	zdtm_futex_set(&go, 1);
	for (int i = 0; i < kThreads; i++)
		zdtm_join_thread(threads[i]);
	if (child)
		zdtm_join(child);
	return zdtm_pass();
}
