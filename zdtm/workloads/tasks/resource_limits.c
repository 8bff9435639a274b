// Every resource limit is kept, soft and hard, different ones in parent and child.
// rows: T8
#include "zdtm.h"

#include <sys/resource.h>

enum { kLimits = 16 };
struct limit64 {
	uint64_t soft, hard;
};

// The raw call: both word sizes see 64-bit values.
static void limit(int resource, const struct limit64 *set, struct limit64 *get)
{
	CHECK_SYS(syscall(SYS_prlimit64, 0, resource, set, get));
}

static void set_all(unsigned salt)
{
	const struct limit64 values[kLimits] = {
		[RLIMIT_CPU] = {5000 + salt, 6000},
		[RLIMIT_FSIZE] = {1ull << 40, (1ull << 41) + salt}, // more than 32 bits
		[RLIMIT_DATA] = {1 << 30, RLIM64_INFINITY},
		[RLIMIT_STACK] = {(3 << 20) + salt * 4096, 64 << 20},
		[RLIMIT_CORE] = {0, salt},
		[RLIMIT_RSS] = {123456 + salt, 1ull << 33},
		[RLIMIT_NPROC] = {3000 + salt, 4000},
		[RLIMIT_NOFILE] = {64, 512 + salt},
		[RLIMIT_MEMLOCK] = {8192 + salt, 16384},
		[RLIMIT_AS] = {RLIM64_INFINITY, RLIM64_INFINITY},
		[RLIMIT_LOCKS] = {salt, salt},
		[RLIMIT_SIGPENDING] = {100 + salt, 1000},
		[RLIMIT_MSGQUEUE] = {0, 0},
		[RLIMIT_NICE] = {10, 20},
		[RLIMIT_RTPRIO] = {0, 50},
		[RLIMIT_RTTIME] = {1000000, RLIM64_INFINITY},
	};
	for (int i = 0; i < kLimits; i++) {
		// Without CAP_SYS_RESOURCE a hard limit only goes down.
		struct limit64 most, wanted = values[i];
		limit(i, NULL, &most);
		if (wanted.hard > most.hard)
			wanted.hard = most.hard;
		if (wanted.soft > wanted.hard)
			wanted.soft = wanted.hard;
		limit(i, &wanted, NULL);
	}
}

static void remember(struct limit64 *all)
{
	for (int i = 0; i < kLimits; i++)
		limit(i, NULL, &all[i]);
}

static void compare(const struct limit64 *before)
{
	struct limit64 now;
	for (int i = 0; i < kLimits; i++) {
		limit(i, NULL, &now);
		if (now.soft != before[i].soft || now.hard != before[i].hard)
			FAIL("limit %d is %llu/%llu", i, (long long)now.soft, (long long)now.hard);
	}
}

static int child(void *arg)
{
	struct limit64 before[kLimits];
	// A descriptor above the limit that comes later: it stays open, a restore has to get it there.
	const int high = CHECK_SYS(fcntl(STDIN_FILENO, F_DUPFD, 300));
	set_all(*(unsigned *)arg);
	remember(before);
	zdtm_checkpoint_here();
	compare(before);
	CHECK_SYS(fcntl(high, F_GETFD));
	CHECK_ERRNO(fcntl(STDIN_FILENO, F_DUPFD, 64), EINVAL);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct limit64 before[kLimits];
	unsigned salts[2] = {1, 7};
	const pid_t first = zdtm_spawn(child, &salts[0]), second = zdtm_spawn(child, &salts[1]);
	remember(before);

	zdtm_checkpoint_here();

	compare(before);
	zdtm_join(first);
	zdtm_join(second);
	return zdtm_pass();
}
