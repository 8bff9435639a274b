// Sleeping threads sleep on: not shorter than they asked for, and not longer than that plus the time they were away.
// rows: R5
// attr: threads slow=10 deadlines
#include "blocked.h"

static struct timespec how_long; // set once, before the threads

static void sleeps(void)
{
	// What is left is written whenever a tracer stops the sleep, so it may change though no signal comes.
	struct timespec left;
	CHECK_EQ(nanosleep(&how_long, &left), 0);
}

static void sleeps_by_old_call(void)
{
	// In a 32-bit task this is the call with 32-bit times, which libc no longer uses.
	long asked[2] = {how_long.tv_sec, how_long.tv_nsec};
	CHECK_EQ(syscall(SYS_nanosleep, asked, NULL), 0);
}

static void sleeps_monotonic(void)
{
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &how_long, NULL), 0);
}

static void sleeps_boottime(void)
{
	CHECK_EQ(clock_nanosleep(CLOCK_BOOTTIME, 0, &how_long, NULL), 0);
}

static void sleeps_realtime(void)
{
	CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, 0, &how_long, NULL), 0);
}

static void sleeps_until(clockid_t clock)
{
	struct timespec when;
	CHECK_SYS(clock_gettime(clock, &when));
	when.tv_sec += how_long.tv_sec;
	CHECK_EQ(clock_nanosleep(clock, TIMER_ABSTIME, &when, NULL), 0);
	struct timespec now;
	CHECK_SYS(clock_gettime(clock, &now));
	CHECK(now.tv_sec > when.tv_sec || (now.tv_sec == when.tv_sec && now.tv_nsec >= when.tv_nsec));
}

static void sleeps_until_monotonic(void)
{
	sleeps_until(CLOCK_MONOTONIC);
}

static void sleeps_until_realtime(void)
{
	sleeps_until(CLOCK_REALTIME);
}

static struct blocked all[] = {
	{.name = "nanosleep", .call = sleeps, .timed = true},
	{.name = "the old nanosleep", .call = sleeps_by_old_call, .timed = true},
	{.name = "clock_nanosleep(MONOTONIC)", .call = sleeps_monotonic, .timed = true},
	{.name = "clock_nanosleep(BOOTTIME)", .call = sleeps_boottime, .timed = true},
	{.name = "clock_nanosleep(REALTIME)", .call = sleeps_realtime, .timed = true},
	{.name = "clock_nanosleep(MONOTONIC, ABSTIME)", .call = sleeps_until_monotonic, .timed = true},
	{.name = "clock_nanosleep(REALTIME, ABSTIME)", .call = sleeps_until_realtime, .timed = true},
};
enum { kCount = sizeof(all) / sizeof(all[0]) };

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	how_long.tv_sec = timeout_ms() / 1000;
	blocked_start(all, kCount);
	blocked_pause(kBeforeMs);
	blocked_finish(all, kCount, blocked_checkpoint());
	return zdtm_pass();
}
