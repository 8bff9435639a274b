// The action of every signal is kept: handler, flags, mask and restorer, different ones in a child.
// rows: S1
#include "zdtm.h"

// The kernel's own structure, as the native rt_sigaction has it: libc's hides the restorer.
struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint32_t mask[2];
};

static void first(int signo)
{
	(void)signo;
}

static void second(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)info;
	(void)context;
}

static bool usable(int signo)
{
	return signo != SIGKILL && signo != SIGSTOP && signo != SIGUSR2 && signo != 32 && signo != 33;
}

static void set_all(int salt)
{
	static const int flags[] = {0,		SA_RESTART,   SA_NODEFER,  SA_RESETHAND,
				    SA_ONSTACK, SA_NOCLDSTOP, SA_NOCLDWAIT};
	for (int signo = 1; signo < _NSIG; signo++) {
		if (!usable(signo))
			continue;
		struct sigaction action = {.sa_flags = flags[(signo + salt) % 7]};
		if (signo % 4 == 0) {
			action.sa_handler = SIG_IGN;
		} else if (signo % 4 == 1) {
			action.sa_handler = first;
		} else if (signo % 4 == 2) {
			action.sa_sigaction = second;
			action.sa_flags |= SA_SIGINFO;
		}
		sigemptyset(&action.sa_mask);
		for (int other = 1; other < _NSIG; other++)
			if (usable(other) && (other * signo + salt) % 5 == 0)
				sigaddset(&action.sa_mask, other);
		CHECK_SYS(sigaction(signo, &action, NULL));
	}
}

static void remember(struct kernel_action *all)
{
	memset(all, 0, _NSIG * sizeof(*all));
	for (int signo = 1; signo < _NSIG; signo++)
		CHECK_SYS(syscall(SYS_rt_sigaction, signo, NULL, &all[signo], 8));
}

static void compare(const struct kernel_action *before)
{
	struct kernel_action now[_NSIG];
	remember(now);
	for (int signo = 1; signo < _NSIG; signo++)
		if (memcmp(&before[signo], &now[signo], sizeof(*now)))
			FAIL("the action of signal %d: handler %p flags %#lx restorer %p mask %#x:%#x", signo,
			     now[signo].handler, now[signo].flags, now[signo].restorer, now[signo].mask[1],
			     now[signo].mask[0]);
}

static int child(void *arg)
{
	struct kernel_action before[_NSIG];
	set_all(*(int *)arg);
	remember(before);
	zdtm_checkpoint_here();
	compare(before);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct kernel_action before[_NSIG];
	int salt = 3;
	set_all(0);
	signal(SIGCHLD, SIG_DFL); // children must stay waitable here
	remember(before);
	const pid_t other = zdtm_spawn(child, &salt);

	zdtm_checkpoint_here();

	compare(before);
	zdtm_join(other);
	return zdtm_pass();
}
