// A child with the batch policy is refused by name, and keeps it.
// rows: T9
// refused: kind=scheduling
#include "zdtm.h"

#include <sched.h>

static int changed(void *arg)
{
	(void)arg;
	CHECK_SYS(sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0}));
	zdtm_checkpoint_here();
	CHECK_EQ(sched_getscheduler(0), SCHED_BATCH);
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
