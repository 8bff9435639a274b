// Thread ids keep their numbers and gaps: tgkill reaches the thread it always reached.
// rows: T2 R2 S1
// attr: threads
#include "zdtm.h"

#include <sched.h>

enum { kThreads = 12 };

static struct member {
	pthread_t thread;
	_Atomic uint32_t tid, go, hits;
} members[kThreads];
static __thread struct member *me;

static void on_usr1(int signo)
{
	(void)signo;
	atomic_fetch_add(&me->hits, 1);
}

static void *body(void *arg)
{
	me = arg;
	zdtm_futex_set(&me->tid, zdtm_tid());
	while (!atomic_load(&me->go))
		sched_yield();
	CHECK_EQ(zdtm_tid(), atomic_load(&me->tid));
	CHECK_EQ(atomic_load(&me->hits), 1);
	return NULL;
}

static void *short_lived(void *arg)
{
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_usr1}, NULL));
	for (int i = 0; i < kThreads; i++) {
		members[i].thread = zdtm_thread(body, &members[i]);
		zdtm_futex_wait_while(&members[i].tid, 0);
		for (int gap = 0; gap < i; gap++) // a number used and given back
			zdtm_join_thread(zdtm_thread(short_lived, NULL));
	}

	zdtm_checkpoint_here();

	for (int i = kThreads - 1; i >= 0; i--)
		CHECK_SYS(syscall(SYS_tgkill, getpid(), members[i].tid, SIGUSR1));
	for (int i = 0; i < kThreads; i++) {
		while (!atomic_load(&members[i].hits))
			sched_yield();
		atomic_store(&members[i].go, 1);
		zdtm_join_thread(members[i].thread);
	}
	return zdtm_pass();
}
