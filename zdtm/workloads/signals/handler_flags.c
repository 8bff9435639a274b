// Handlers do what their flags say after the checkpoint: once only, nested, masked, with siginfo, on their stack.
// rows: S1 R4
#include "zdtm.h"

static volatile int depth, deepest, hits[_NSIG];
static char *stack_area;
enum { kStack = 65536 };

static void on_any(int signo, siginfo_t *info, void *context)
{
	(void)context;
	hits[signo]++;
	depth++;
	if (depth > deepest)
		deepest = depth;
	CHECK_EQ(info->si_signo, signo);
	if (signo == SIGHUP && depth == 1)
		CHECK_SYS(raise(SIGHUP)); // SA_NODEFER: comes at once, one level deeper
	if (signo == SIGTERM) {
		CHECK_SYS(raise(SIGINT)); // in the mask: has to wait until we are done
		CHECK_EQ(hits[SIGINT], 0);
	}
	if (signo == SIGWINCH)
		CHECK((char *)&info > stack_area && (char *)&info < stack_area + kStack);
	depth--;
}

static void set(int signo, int flags, int masked)
{
	struct sigaction action = {.sa_sigaction = on_any, .sa_flags = flags | SA_SIGINFO};
	sigemptyset(&action.sa_mask);
	if (masked)
		sigaddset(&action.sa_mask, masked);
	CHECK_SYS(sigaction(signo, &action, NULL));
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	stack_area = malloc(kStack);
	CHECK_SYS(sigaltstack(&(stack_t){.ss_sp = stack_area, .ss_size = kStack}, NULL));
	set(SIGHUP, SA_NODEFER, 0);
	set(SIGINT, 0, 0);
	set(SIGTERM, 0, SIGINT);
	set(SIGWINCH, SA_ONSTACK, 0);
	set(SIGPIPE, SA_RESETHAND, 0);
	signal(SIGQUIT, SIG_IGN);

	zdtm_checkpoint_here();

	CHECK_SYS(raise(SIGHUP));
	CHECK_EQ(hits[SIGHUP], 2);
	CHECK_EQ(deepest, 2);
	CHECK_SYS(raise(SIGTERM));
	CHECK_EQ(hits[SIGTERM], 1);
	CHECK_EQ(hits[SIGINT], 1);
	CHECK_SYS(raise(SIGWINCH));
	CHECK_EQ(hits[SIGWINCH], 1);
	CHECK_SYS(raise(SIGQUIT));
	CHECK_SYS(raise(SIGPIPE));
	struct sigaction now;
	CHECK_SYS(sigaction(SIGPIPE, NULL, &now));
	CHECK(now.sa_handler == SIG_DFL);
	return zdtm_pass();
}
