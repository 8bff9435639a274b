// Functions of the vdso, called in a tight loop through addresses kept for long, tell what the kernel tells.
// rows: M4 R7
// attr: loops threads grid
#include "zdtm.h"

#include <sys/time.h>

static const clockid_t kClocks[] = {CLOCK_REALTIME,	 CLOCK_MONOTONIC,	CLOCK_BOOTTIME,
				    CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE};
enum { kCount = sizeof(kClocks) / sizeof(kClocks[0]) };
static atomic_bool stop;

#ifdef __x86_64__
static int asked(clockid_t clock, struct timespec *now)
{
	return (int)syscall(SYS_clock_gettime, clock, now);
}
#else
// A call of its own, without the vdso's entry into the kernel; its times have 64 bits whatever time_t has.
static int asked(clockid_t clock, struct timespec *now)
{
	struct {
		int64_t sec, nsec;
	} told = {0, 0};
	int result;
	asm volatile("int $0x80" : "=a"(result) : "a"(403), "b"(clock), "c"(&told) : "memory");
	now->tv_sec = (time_t)told.sec;
	now->tv_nsec = (long)told.nsec;
	return result;
}
#endif

static int64_t ns(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

// A restore in the middle may set every clock to something else, so what was odd once is looked at again.
static bool between_calls(clockid_t clock)
{
	struct timespec before, told, after;
	CHECK_EQ(asked(clock, &before), 0);
	CHECK_SYS(clock_gettime(clock, &told));
	CHECK_EQ(asked(clock, &after), 0);
	return ns(&before) <= ns(&told) && ns(&told) <= ns(&after);
}

static bool times_agree(void)
{
	struct timespec before, after;
	struct timeval now;
	CHECK_EQ(asked(CLOCK_REALTIME_COARSE, &before), 0);
	CHECK_SYS(gettimeofday(&now, NULL));
	const time_t seconds = time(NULL);
	CHECK_EQ(asked(CLOCK_REALTIME, &after), 0);
	return now.tv_sec >= before.tv_sec && now.tv_sec <= after.tv_sec && seconds >= before.tv_sec &&
	       seconds <= after.tv_sec;
}

static void step(void)
{
	for (int i = 0; i < kCount; i++)
		if (!between_calls(kClocks[i]) && !between_calls(kClocks[i]) && !between_calls(kClocks[i]))
			FAIL("clock %d is not what the kernel says", kClocks[i]);
	if (!times_agree() && !times_agree() && !times_agree())
		FAIL("gettimeofday or time is not what the kernel says");
	struct timespec resolution;
	CHECK_SYS(clock_getres(CLOCK_MONOTONIC, &resolution));
	CHECK(resolution.tv_sec == 0 && resolution.tv_nsec > 0);
	unsigned cpu = ~0u;
	CHECK_SYS(getcpu(&cpu, NULL)); // sched_getcpu() asks rseq
	CHECK(cpu < 4096);
}

static void *body(void *arg)
{
	while (!atomic_load(&stop))
		step();
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pthread_t thread = zdtm_thread(body, NULL);
	while (zdtm_running())
		step();
	atomic_store(&stop, true);
	zdtm_join_thread(thread);
	return zdtm_pass();
}
