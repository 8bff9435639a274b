// Alternate signal stacks are kept per thread, also while a handler runs on one of them.
// rows: R4 R7 S1
// attr: threads
#include "zdtm.h"

#ifndef SS_AUTODISARM // libc 2.36 does not name it
#define SS_AUTODISARM (1U << 31)
#endif

enum { kSize = 65536 };
static _Atomic uint32_t ready, go;
static __thread char *mine;
static __thread int handled;

static void on_usr1(int signo, siginfo_t *info, void *context)
{
	char local[256];
	stack_t now;
	(void)context;
	CHECK_EQ(signo, SIGUSR1);
	CHECK_EQ(info->si_pid, getpid());
	CHECK(local > mine && local < mine + kSize);
	zdtm_fill(local, sizeof(local), 5);
	if (getpid() == zdtm_tid()) {
		zdtm_checkpoint_here();
	} else {
		atomic_fetch_add(&ready, 1);
		zdtm_futex_wait_while(&go, 0);
	}
	CHECK(zdtm_filled(local, sizeof(local), 5));
	CHECK_SYS(sigaltstack(NULL, &now));
	CHECK_EQ(now.ss_flags, SS_ONSTACK);
	CHECK(now.ss_sp == mine);
	handled++;
}

static void set_stack(void)
{
	mine = CHECK_SYS(mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	const stack_t stack = {.ss_sp = mine, .ss_size = kSize};
	CHECK_SYS(sigaltstack(&stack, NULL));
}

static void check_idle(int flags)
{
	stack_t now;
	CHECK_SYS(sigaltstack(NULL, &now));
	CHECK(now.ss_sp == mine && now.ss_size == kSize);
	CHECK_EQ(now.ss_flags, flags);
}

static void *in_handler(void *arg)
{
	set_stack();
	CHECK_SYS(syscall(SYS_tgkill, getpid(), zdtm_tid(), SIGUSR1));
	CHECK_EQ(handled, 1);
	check_idle(0);
	return arg;
}

static void *disarming(void *arg)
{
	mine = malloc(kSize);
	const stack_t stack = {.ss_sp = mine, .ss_size = kSize, .ss_flags = SS_AUTODISARM};
	CHECK_SYS(sigaltstack(&stack, NULL));
	atomic_fetch_add(&ready, 1);
	zdtm_futex_wait_while(&go, 0);
	check_idle((int)SS_AUTODISARM);
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const struct sigaction action = {.sa_sigaction = on_usr1, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	CHECK_SYS(sigaction(SIGUSR1, &action, NULL));
	const pthread_t threads[2] = {zdtm_thread(in_handler, NULL), zdtm_thread(disarming, NULL)};
	while (atomic_load(&ready) < 2)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	set_stack();
	CHECK_SYS(syscall(SYS_tgkill, getpid(), zdtm_tid(), SIGUSR1)); // the checkpoint is in the handler

	CHECK_EQ(handled, 1);
	check_idle(0);
	zdtm_futex_set(&go, 1);
	zdtm_join_thread(threads[0]);
	zdtm_join_thread(threads[1]);
	return zdtm_pass();
}
