// Restartable sequences stay registered: the kernel keeps the thread's CPU number up to date.
// rows: R4
// attr: threads needs=rseq
#include "zdtm.h"

#include <sched.h>
#include <sys/rseq.h>

static _Atomic uint32_t ready, go;

static volatile struct rseq *own_area(void)
{
	return (volatile struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

static long register_again(void *area, uint32_t signature)
{
	// struct rseq has 32 bytes in the first version of the interface, which is what glibc 2.36 registers.
	return syscall(SYS_rseq, area, 32, 0, signature);
}

static void check(void)
{
	// The kernel tells: this very area is registered (EBUSY), and no other one can be (EINVAL).
	static char elsewhere[64] __attribute__((aligned(32)));
	CHECK_ERRNO(register_again((void *)own_area(), RSEQ_SIG), EBUSY);
	CHECK_ERRNO(register_again((void *)own_area(), RSEQ_SIG + 1), EPERM);
	CHECK_ERRNO(register_again(elsewhere, RSEQ_SIG), EINVAL);

	cpu_set_t all, one;
	CHECK_SYS(sched_getaffinity(0, sizeof(all), &all));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		CHECK_SYS(sched_setaffinity(0, sizeof(one), &one));
		CHECK_EQ(own_area()->cpu_id, cpu);
		CHECK_EQ(own_area()->cpu_id_start, cpu);
	}
	CHECK_SYS(sched_setaffinity(0, sizeof(all), &all));
}

static void *body(void *arg)
{
	atomic_fetch_add(&ready, 1);
	zdtm_futex_wait_while(&go, 0);
	check();
	return arg;
}

static int child(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	check();
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	if (!__rseq_size)
		zdtm_skip("rseq");
	const pid_t other = zdtm_spawn(child, NULL);
	const pthread_t threads[2] = {zdtm_thread(body, NULL), zdtm_thread(body, NULL)};
	while (atomic_load(&ready) < 2)
		nanosleep(&(struct timespec){0, 1000000}, NULL);

	zdtm_checkpoint_here();

	check();
	zdtm_futex_set(&go, 1);
	zdtm_join_thread(threads[0]);
	zdtm_join_thread(threads[1]);
	zdtm_join(other);
	return zdtm_pass();
}
