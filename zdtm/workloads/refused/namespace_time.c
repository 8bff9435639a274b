// A child in a time namespace of its own is refused by name, and keeps its clock.
// rows: X1 C2
// attr: needs=time_namespaces
// refused: kind=namespace
#include "zdtm.h"

#include <sched.h>

static int later(void *arg)
{
	const int64_t before = zdtm_now_ms(CLOCK_MONOTONIC);
	(void)arg;
	CHECK(before > 100000000);
	zdtm_checkpoint_here();
	CHECK(zdtm_now_ms(CLOCK_MONOTONIC) >= before);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	NEEDS(unshare(0x80 /* CLONE_NEWTIME, for children */), "time namespaces");
	zdtm_spit("/proc/self/timens_offsets", "monotonic 100000 0\n");
	const pid_t child = zdtm_spawn(later, NULL);

	zdtm_checkpoint_here();

	zdtm_join(child);
	return zdtm_pass();
}
