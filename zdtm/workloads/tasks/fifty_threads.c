// Fifty threads keep their masks, names, alternate stacks and locals, some running and some blocked.
// rows: R1 R2 R4 S1 T8
// attr: threads grid
#include "zdtm.h"

#include <sched.h>

enum { kThreads = 50, kStack = 32768 };

static _Atomic uint32_t ready, go;

static void on_usr1(int signo)
{
	(void)signo;
}

static void *body(void *arg)
{
	const uintptr_t number = (uintptr_t)arg;
	char name[16], read_name[16], area[512];
	snprintf(name, sizeof(name), "thread %d", (int)number);
	CHECK_ZERO(pthread_setname_np(pthread_self(), name));
	sigset_t mask, now;
	sigfillset(&mask);
	sigdelset(&mask, SIGRTMIN + 1 + number % 20);
	CHECK_ZERO(pthread_sigmask(SIG_SETMASK, &mask, NULL));
	pthread_sigmask(SIG_SETMASK, NULL, &mask); // what the kernel and libc made of it
	const stack_t stack = {.ss_sp = malloc(kStack), .ss_size = kStack};
	stack_t seen;
	CHECK_SYS(sigaltstack(&stack, NULL));
	zdtm_fill(area, sizeof(area), number);

	atomic_fetch_add(&ready, 1);
	if (number % 2)
		while (!atomic_load(&go))
			sched_yield();
	else
		zdtm_futex_wait_while(&go, 0);

	CHECK(zdtm_filled(area, sizeof(area), number));
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	CHECK(memcmp(&mask, &now, 8) == 0);
	CHECK_SYS(sigaltstack(NULL, &seen));
	CHECK(seen.ss_sp == stack.ss_sp && seen.ss_size == kStack && seen.ss_flags == 0);
	CHECK_ZERO(pthread_getname_np(pthread_self(), read_name, sizeof(read_name)));
	CHECK(strcmp(name, read_name) == 0);
	return NULL;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_usr1}, NULL));
	pthread_t threads[kThreads];
	for (uintptr_t i = 0; i < kThreads; i++)
		threads[i] = zdtm_thread(body, (void *)i);
	while (atomic_load(&ready) < kThreads)
		sched_yield();

	zdtm_checkpoint_here();

	zdtm_futex_set(&go, 1);
	for (int i = 0; i < kThreads; i++)
		zdtm_join_thread(threads[i]);
	return zdtm_pass();
}
