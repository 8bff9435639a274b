// A child with a real-time policy is refused by name, and keeps it.
// rows: T9
// attr: needs=real-time_scheduling
// refused: kind=scheduling
#include "zdtm.h"

#include <sched.h>

static int changed(void *arg)
{
	(void)arg;
	NEEDS(sched_setscheduler(0, SCHED_RR, &(struct sched_param){7}), "real-time scheduling");
	zdtm_checkpoint_here();
	struct sched_param now;
	CHECK_EQ(sched_getscheduler(0), SCHED_RR);
	CHECK_SYS(sched_getparam(0, &now));
	CHECK_EQ(now.sched_priority, 7);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t child = zdtm_spawn(changed, NULL);

	zdtm_checkpoint_here();

	zdtm_join(child);
	return zdtm_pass();
}
