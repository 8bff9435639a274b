// A task inside sigsuspend or ppoll has two masks, the temporary and the real one, and both are kept.
// rows: S1 R5
#include "zdtm.h"

#include <poll.h>

static volatile int hits;

static void on_hup(int signo)
{
	(void)signo;
	hits++;
}

static void check_real_mask(void)
{
	sigset_t now;
	CHECK_SYS(sigprocmask(SIG_SETMASK, NULL, &now));
	CHECK(sigismember(&now, SIGHUP) && sigismember(&now, SIGUSR2) && sigismember(&now, SIGTERM));
	CHECK(!sigismember(&now, SIGINT));
}

static sigset_t open_for_hup(void)
{
	sigset_t open;
	sigfillset(&open);
	sigdelset(&open, SIGHUP);
	return open;
}

// Blocked in a call that lets SIGHUP in, and nothing else.
static int suspended(void *arg)
{
	const sigset_t open = open_for_hup();
	const bool in_poll = *(bool *)arg;
	zdtm_running(); // tells that it is about to wait
	if (in_poll)
		CHECK_ERRNO(ppoll(NULL, 0, NULL, &open), EINTR);
	else
		CHECK_ERRNO(sigsuspend(&open), EINTR);
	CHECK_EQ(hits, 1);
	check_real_mask();
	return 0;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	sigset_t real;
	bool in_poll[2] = {false, true};
	pid_t children[2];
	sigemptyset(&real);
	sigaddset(&real, SIGHUP);
	sigaddset(&real, SIGTERM);
	CHECK_SYS(sigprocmask(SIG_BLOCK, &real, NULL));
	CHECK_SYS(sigaction(SIGHUP, &(struct sigaction){.sa_handler = on_hup}, NULL));
	for (int i = 0; i < 2; i++) {
		children[i] = zdtm_spawn(suspended, &in_poll[i]);
		zdtm_until_asleep(children[i]);
	}

	zdtm_checkpoint_here();

	check_real_mask();
	for (int i = 0; i < 2; i++) {
		int status;
		CHECK_SYS(kill(children[i], SIGTERM)); // blocked by both masks: waits
		CHECK_SYS(kill(children[i], SIGHUP));
		CHECK_EQ(waitpid(children[i], &status, 0), children[i]);
		CHECK_EQ(status, 0);
	}
	return zdtm_pass();
}
