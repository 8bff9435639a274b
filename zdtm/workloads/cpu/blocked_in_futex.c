// Threads waiting in a futex stay there: plain, timed, absolute, with priority inheritance; none sees EINTR.
// rows: R5 R4
// attr: threads slow=10 deadlines
#include "blocked.h"

#include <linux/futex.h>

static uint32_t plain, timed, absolute, bits;
static pthread_mutex_t inheriting, timed_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

static void waits(void)
{
	CHECK_EQ(syscall(SYS_futex, &plain, FUTEX_WAIT, 0, NULL, NULL, 0), 0);
}

static void waits_timed(void)
{
	const long timeout[2] = {timeout_ms() / 1000, 0}; // the layout that SYS_futex has in either word size
	CHECK_ERRNO(syscall(SYS_futex, &timed, FUTEX_WAIT_PRIVATE, 0, timeout, NULL, 0), ETIMEDOUT);
}

static void waits_absolute(void)
{
	struct timespec now;
	CHECK_SYS(clock_gettime(CLOCK_MONOTONIC, &now));
	const long when[2] = {now.tv_sec + timeout_ms() / 1000, now.tv_nsec};
	CHECK_ERRNO(syscall(SYS_futex, &absolute, FUTEX_WAIT_BITSET, 0, when, NULL, FUTEX_BITSET_MATCH_ANY),
		    ETIMEDOUT);
}

static void waits_for_bit(void)
{
	CHECK_EQ(syscall(SYS_futex, &bits, FUTEX_WAIT_BITSET, 0, NULL, NULL, 4), 0);
}

static void waits_for_owner(void)
{
	CHECK_ZERO(pthread_mutex_lock(&inheriting));
	CHECK_ZERO(pthread_mutex_unlock(&inheriting));
}

static void waits_for_condition(void)
{
	struct timespec when;
	CHECK_SYS(clock_gettime(CLOCK_REALTIME, &when));
	when.tv_sec += timeout_ms() / 1000;
	CHECK_ZERO(pthread_mutex_lock(&timed_lock));
	CHECK_EQ(pthread_cond_timedwait(&never, &timed_lock, &when), ETIMEDOUT);
	CHECK_ZERO(pthread_mutex_unlock(&timed_lock));
}

static struct blocked all[] = {
	{.name = "FUTEX_WAIT", .call = waits},
	{.name = "FUTEX_WAIT with a time", .call = waits_timed, .timed = true},
	{.name = "FUTEX_WAIT_BITSET until", .call = waits_absolute, .timed = true},
	{.name = "FUTEX_WAIT_BITSET", .call = waits_for_bit},
	{.name = "a mutex with priority inheritance", .call = waits_for_owner},
	{.name = "pthread_cond_timedwait", .call = waits_for_condition, .timed = true},
};
enum { kCount = sizeof(all) / sizeof(all[0]) };

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pthread_mutexattr_t kind;
	pthread_mutexattr_init(&kind);
	CHECK_ZERO(pthread_mutexattr_setprotocol(&kind, PTHREAD_PRIO_INHERIT));
	CHECK_ZERO(pthread_mutex_init(&inheriting, &kind));
	CHECK_ZERO(pthread_mutex_lock(&inheriting));
	blocked_start(all, kCount);
	blocked_pause(kBeforeMs);
	const int64_t away = blocked_checkpoint();

	CHECK_EQ(syscall(SYS_futex, &bits, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, 3), 0);
	CHECK_EQ(syscall(SYS_futex, &bits, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL, 4), 1);
	CHECK_EQ(syscall(SYS_futex, &plain, FUTEX_WAKE, INT_MAX, NULL, NULL, 0), 1);
	CHECK_ZERO(pthread_mutex_unlock(&inheriting));
	blocked_finish(all, kCount, away);
	return zdtm_pass();
}
