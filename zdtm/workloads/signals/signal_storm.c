// Of numbered signals sent without a pause between two tasks none is lost, doubled or overtaken.
// rows: S1 S2
// attr: loops grid
#include "zdtm.h"

static _Atomic uint32_t *acknowledged; // shared: how many the child has handled
static volatile int expected;

static void on_numbered(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	CHECK_EQ(info->si_code, SI_QUEUE);
	CHECK_EQ(info->si_pid, getppid());
	CHECK_EQ(info->si_value.sival_int, expected);
	expected++;
	atomic_store(acknowledged, expected);
}

static int receiver(void *arg)
{
	(void)arg;
	const struct sigaction action = {.sa_sigaction = on_numbered, .sa_flags = SA_SIGINFO};
	CHECK_SYS(sigaction(SIGRTMIN + 7, &action, NULL));
	volatile uint64_t work = 0;
	while (zdtm_running()) // busy, so that handlers start at any instruction
		for (int i = 0; i < 1000; i++)
			work += i;
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	acknowledged = zdtm_shared_memory(zdtm_page());
	const pid_t child = zdtm_spawn(receiver, NULL);
	uint32_t sent = 0;
	while (zdtm_running()) {
		if (sent - atomic_load(acknowledged) > 50)
			continue; // the queue is limited
		CHECK_SYS(sigqueue(child, SIGRTMIN + 7, (union sigval){.sival_int = sent}));
		sent++;
	}
	const int64_t deadline = zdtm_now_ms(CLOCK_MONOTONIC) + 60000;
	while (atomic_load(acknowledged) != sent)
		CHECK(zdtm_now_ms(CLOCK_MONOTONIC) < deadline);
	zdtm_join(child);
	CHECK_EQ(atomic_load(acknowledged), sent);
	return zdtm_pass();
}
