// Pending signals, shared and per thread, ignored ones too, are kept with their siginfo and in their order.
// rows: S1
// attr: threads grid
#include "zdtm.h"

enum { kQueued = 20 };
static _Atomic uint32_t ready, go;

// The raw call: libc's would rewrite SI_TKILL.
static int take(const sigset_t *set, siginfo_t *info)
{
	const long now[2] = {0, 0};
	memset(info, 0, sizeof(*info));
	return syscall(SYS_rt_sigtimedwait, set, info, now, 8);
}

static void expect(const sigset_t *set, int signo, int code, int value)
{
	siginfo_t info;
	CHECK_EQ(take(set, &info), signo);
	CHECK_EQ(info.si_signo, signo);
	CHECK_EQ(info.si_code, code);
	CHECK_EQ(info.si_pid, getpid());
	CHECK_EQ(info.si_uid, getuid());
	CHECK_EQ(info.si_value.sival_int, value);
}

static void *body(void *arg)
{
	const sigset_t *const mine = arg;
	for (int i = 0; i < kQueued; i++)
		CHECK_ZERO(
			pthread_sigqueue(pthread_self(), SIGRTMIN + 2, (union sigval){.sival_int = 500 + i}));
	CHECK_SYS(syscall(SYS_tgkill, getpid(), zdtm_tid(), SIGTERM));
	CHECK_SYS(syscall(SYS_tgkill, getpid(), zdtm_tid(), SIGPIPE));
	atomic_fetch_add(&ready, 1);
	zdtm_futex_wait_while(&go, 0);
	// Standard signals come first, then the real-time ones in the order of their sending.
	expect(mine, SIGPIPE, SI_TKILL, 0);
	expect(mine, SIGTERM, SI_TKILL, 0);
	for (int i = 0; i < kQueued; i++)
		expect(mine, SIGRTMIN + 2, SI_QUEUE, 500 + i);
	siginfo_t none;
	CHECK_ERRNO(take(mine, &none), EAGAIN);
	return NULL;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	sigset_t threads_own, shared;
	sigemptyset(&shared);
	sigaddset(&shared, SIGHUP);
	sigaddset(&shared, SIGTRAP);
	sigaddset(&shared, SIGWINCH);
	sigaddset(&shared, SIGCHLD);
	sigaddset(&shared, SIGRTMIN + 5);
	sigaddset(&shared, SIGRTMAX);
	sigemptyset(&threads_own);
	sigaddset(&threads_own, SIGPIPE);
	sigaddset(&threads_own, SIGTERM);
	sigaddset(&threads_own, SIGRTMIN + 2);
	CHECK_ZERO(pthread_sigmask(SIG_BLOCK, &shared, NULL));
	CHECK_ZERO(pthread_sigmask(SIG_BLOCK, &threads_own, NULL));
	// A blocked signal is never ignored, until somebody says so anew.
	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	CHECK(signal(SIGTRAP, SIG_IGN) != SIG_ERR);
	CHECK(signal(SIGWINCH, SIG_DFL) != SIG_ERR);
	const pthread_t first = zdtm_thread(body, &threads_own), second = zdtm_thread(body, &threads_own);
	while (atomic_load(&ready) < 2)
		nanosleep(&(struct timespec){0, 1000000}, NULL);

	CHECK_SYS(sigqueue(getpid(), SIGRTMAX, (union sigval){.sival_int = -1}));
	for (int i = 0; i < kQueued; i++)
		CHECK_SYS(sigqueue(getpid(), SIGRTMIN + 5, (union sigval){.sival_int = i * i}));
	CHECK_SYS(syscall(SYS_tgkill, getpid(), zdtm_tid(), SIGTRAP));
	CHECK_SYS(syscall(SYS_tgkill, getpid(), zdtm_tid(), SIGPIPE));
	CHECK_SYS(kill(getpid(), SIGWINCH));
	CHECK_SYS(kill(getpid(), SIGHUP));
	CHECK_SYS(kill(getpid(), SIGHUP)); // a standard signal is pending once
	const pid_t child = CHECK_SYS(fork());
	if (child == 0)
		_exit(42);
	CHECK_EQ(waitpid(child, NULL, 0), child); // its SIGCHLD stays behind

	zdtm_checkpoint_here();

	expect(&threads_own, SIGPIPE, SI_TKILL, 0);
	expect(&shared, SIGTRAP, SI_TKILL, 0);
	expect(&shared, SIGHUP, SI_USER, 0);
	siginfo_t info;
	CHECK_EQ(take(&shared, &info), SIGCHLD);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_EQ(info.si_pid, child);
	CHECK_EQ(info.si_status, 42);
	expect(&shared, SIGWINCH, SI_USER, 0);
	for (int i = 0; i < kQueued; i++)
		expect(&shared, SIGRTMIN + 5, SI_QUEUE, i * i);
	expect(&shared, SIGRTMAX, SI_QUEUE, -1);
	CHECK_ERRNO(take(&shared, &info), EAGAIN);
	zdtm_futex_set(&go, 1);
	zdtm_join_thread(first);
	zdtm_join_thread(second);
	return zdtm_pass();
}
