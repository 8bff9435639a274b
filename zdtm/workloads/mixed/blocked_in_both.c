// Calls that block in tasks of both word sizes, each in its own ABI, go on without EINTR and in time.
// rows: R1 R5
// attr: threads slow=10 deadlines
#include "blocked.h"

#include <poll.h>

static int quiet[2];

static void sleeps(void)
{
	CHECK_EQ(nanosleep(&(struct timespec){timeout_ms() / 1000, 0}, NULL), 0);
}

static void sleeps_by_old_call(void)
{
	const long asked[2] = {timeout_ms() / 1000, 0};
	CHECK_EQ(syscall(SYS_nanosleep, asked, NULL), 0);
}

static void polls(void)
{
	struct pollfd fd = {.fd = quiet[0], .events = POLLIN};
	CHECK_EQ(poll(&fd, 1, timeout_ms()), 0);
}

static void waits_on_futex(void)
{
	static uint32_t word;
	const long timeout[2] = {timeout_ms() / 1000, 0};
	CHECK_ERRNO(syscall(SYS_futex, &word, 0, 0, timeout, NULL, 0), ETIMEDOUT);
}

static void reads(void)
{
	char text[4];
	CHECK_EQ(read(quiet[0], text, 4), 4);
}

static struct blocked all[] = {
	{.name = "nanosleep", .call = sleeps, .timed = true},
	{.name = "the old nanosleep", .call = sleeps_by_old_call, .timed = true},
	{.name = "poll", .call = polls, .timed = true},
	{.name = "futex", .call = waits_on_futex, .timed = true},
	{.name = "read", .call = reads},
};

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t child = argc == 1 ? zdtm_spawn_program(zdtm_twin(), "other", NULL) : 0;
	CHECK_SYS(pipe(quiet));
	blocked_start(all, 5);
	blocked_pause(kBeforeMs);
	const int64_t away = blocked_checkpoint();
	if (child)
		CHECK_SYS(kill(child, SIGUSR2));
	blocked_finish(all, 4, away);
	zdtm_put(quiet[1], "wake", 4);
	blocked_finish(all + 4, 1, away);
	int status = 0;
	if (child)
		CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	return zdtm_pass();
}
