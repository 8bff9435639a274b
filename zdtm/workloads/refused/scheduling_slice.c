// A task that asked for a time slice is refused by name, and keeps it.
// rows: T9
// attr: needs=time-slice
// refused: kind=scheduling
#include "zdtm.h"

// struct sched_attr, SCHED_ATTR_SIZE_VER0 (sched_setattr(2)).
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};
#define SLICE 33000000 // nanoseconds

static uint64_t slice(void)
{
	struct attributes now = {0};
	CHECK_SYS(syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0));
	return now.runtime;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const struct attributes wanted = {.size = sizeof(wanted), .runtime = SLICE};
	CHECK_SYS(syscall(SYS_sched_setattr, 0, &wanted, 0));
	if (slice() != SLICE)
		zdtm_skip("time-slice"); // before Linux 6.12

	zdtm_checkpoint_here();

	CHECK_EQ(slice(), SLICE);
	return zdtm_pass();
}
