// Signals queued from one word size to the other are pending with value and sender, in order.
// rows: R1 S1
// attr: grid
#include "zdtm.h"

enum { kCount = 10 };

static sigset_t queue_set(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 6);
	return set;
}

static void expect(pid_t from, int first)
{
	const sigset_t set = queue_set();
	for (int i = 0; i < kCount; i++) {
		siginfo_t info;
		CHECK_EQ(sigtimedwait(&set, &info, &(struct timespec){0, 0}), SIGRTMIN + 6);
		CHECK_EQ(info.si_value.sival_int, first + i);
		CHECK_EQ(info.si_pid, from);
		CHECK_EQ(info.si_code, SI_QUEUE);
	}
}

static void send(pid_t to, int first)
{
	for (int i = 0; i < kCount; i++)
		CHECK_SYS(sigqueue(to, SIGRTMIN + 6, (union sigval){.sival_int = first + i}));
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const sigset_t set = queue_set();
	CHECK_SYS(sigprocmask(SIG_BLOCK, &set, NULL));
	if (argc > 1) {
		const pid_t parent = getppid();
		send(parent, -500);
		zdtm_checkpoint_here();
		CHECK_EQ(getppid(), parent);
		expect(parent, 700);
		return zdtm_pass();
	}
	const pid_t child = zdtm_spawn_program(zdtm_twin(), "other", NULL);
	send(child, 700);

	zdtm_checkpoint_here();

	expect(child, -500);
	zdtm_join(child);
	return zdtm_pass();
}
