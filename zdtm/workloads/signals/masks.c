// Every thread and every relative keeps its own mask of blocked signals.
// rows: S1
// attr: threads grid
#include "zdtm.h"

enum { kThreads = 16 };
static _Atomic uint32_t ready, go;

// The kernel's view, 64 signals, the two of libc included.
static uint64_t mask_of_kernel(void)
{
	uint64_t mask = 0;
	CHECK_SYS(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8));
	return mask;
}

static void set_mask(uint64_t mask)
{
	CHECK_SYS(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8));
}

static uint64_t pattern(unsigned number)
{
	const uint64_t wake = 1ull << (SIGUSR2 - 1), never = 1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1);
	return ((0x0123456789abcdefull << (4 * number % 64) | number) | wake) & ~never;
}

static void *body(void *arg)
{
	const uint64_t mine = pattern((uintptr_t)arg);
	set_mask(mine);
	atomic_fetch_add(&ready, 1);
	zdtm_futex_wait_while(&go, 0);
	CHECK_EQ(mask_of_kernel(), mine);
	return NULL;
}

static int child(void *arg)
{
	const uint64_t mine = pattern(*(unsigned *)arg);
	set_mask(mine);
	zdtm_checkpoint_here();
	CHECK_EQ(mask_of_kernel(), mine);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pthread_t threads[kThreads];
	pid_t children[4];
	for (unsigned i = 0; i < 4; i++) {
		unsigned number = 3 * i + 1;
		children[i] = zdtm_spawn(child, &number);
	}
	for (uintptr_t i = 0; i < kThreads; i++)
		threads[i] = zdtm_thread(body, (void *)i);
	while (atomic_load(&ready) < kThreads)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	const uint64_t before = mask_of_kernel();

	zdtm_checkpoint_here();

	CHECK_EQ(mask_of_kernel(), before);
	zdtm_futex_set(&go, 1);
	for (int i = 0; i < kThreads; i++)
		zdtm_join_thread(threads[i]);
	for (int i = 0; i < 4; i++)
		zdtm_join(children[i]);
	return zdtm_pass();
}
