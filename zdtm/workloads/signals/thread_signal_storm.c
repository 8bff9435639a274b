// Threads that send each other signals without a pause each count exactly what was sent to them.
// rows: S1 S2
// attr: loops threads
#include "zdtm.h"

enum { kThreads = 3 };
static struct member {
	_Atomic uint32_t tid, sent, got;
} members[kThreads];
static __thread struct member *me;
static atomic_bool stop;
static _Atomic uint32_t stopped; // nobody ends while another may still send

static void on_signal(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	CHECK_EQ(info->si_value.sival_int, atomic_load(&me->got));
	atomic_fetch_add(&me->got, 1);
}

static void *body(void *arg)
{
	me = arg;
	struct member *const next = &members[(me - members + 1) % kThreads];
	atomic_store(&me->tid, zdtm_tid());
	while (!atomic_load(&next->tid))
		;
	while (!atomic_load(&stop)) {
		if (atomic_load(&next->sent) - atomic_load(&next->got) > 20)
			continue;
		siginfo_t info;
		memset(&info, 0, sizeof(info));
		info.si_code = SI_QUEUE;
		info.si_pid = getpid();
		info.si_value.sival_int = atomic_fetch_add(&next->sent, 1);
		CHECK_SYS(syscall(SYS_rt_tgsigqueueinfo, getpid(), next->tid, SIGRTMIN + 8, &info));
	}
	atomic_fetch_add(&stopped, 1);
	while (atomic_load(&stopped) < kThreads)
		;
	while (atomic_load(&me->got) != atomic_load(&me->sent))
		;
	return NULL;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pthread_t threads[kThreads];
	CHECK_SYS(sigaction(SIGRTMIN + 8,
			    &(struct sigaction){.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO}, NULL));
	for (int i = 0; i < kThreads; i++)
		threads[i] = zdtm_thread(body, &members[i]);
	while (zdtm_running())
		nanosleep(&(struct timespec){0, 200000}, NULL);
	atomic_store(&stop, true);
	for (int i = 0; i < kThreads; i++) {
		zdtm_join_thread(threads[i]);
		CHECK_EQ(atomic_load(&members[i].got), atomic_load(&members[i].sent));
	}
	return zdtm_pass();
}
