// SIGCHLD reaches the parent for each child that ends later, and only then; ignored ones leave no zombies.
// rows: S1 T2
#include "zdtm.h"

enum { kChildren = 5 };
static volatile int seen;
static volatile pid_t last;

static void on_child(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	CHECK_EQ(info->si_code, CLD_EXITED);
	last = info->si_pid;
	seen++;
}

static int child(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	return zdtm_pass();
}

// Its children vanish by themselves.
static int careless(void *arg)
{
	(void)arg;
	CHECK_SYS(sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_IGN}, NULL));
	const pid_t below = zdtm_spawn(child, NULL);
	zdtm_checkpoint_here();
	CHECK_SYS(kill(below, SIGUSR2));
	CHECK_ERRNO(waitpid(below, NULL, 0), ECHILD);
	CHECK_ERRNO(kill(below, 0), ESRCH);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pid_t children[kChildren];
	struct sigaction action = {.sa_sigaction = on_child,
				   .sa_flags = SA_SIGINFO | SA_NOCLDSTOP | SA_RESTART};
	CHECK_SYS(sigaction(SIGCHLD, &action, NULL));
	for (int i = 0; i < kChildren; i++)
		children[i] = zdtm_spawn(i ? child : careless, NULL);

	zdtm_checkpoint_here();

	CHECK_EQ(seen, 0); // nobody has ended, whatever the engine's own helpers did
	for (int i = 0; i < kChildren; i++) {
		zdtm_join(children[i]);
		while (seen == i)
			nanosleep(&(struct timespec){0, 1000000}, NULL);
		CHECK_EQ(seen, i + 1);
		CHECK_EQ(last, children[i]);
	}
	return zdtm_pass();
}
