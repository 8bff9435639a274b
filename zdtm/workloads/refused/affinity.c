// A child bound to one CPU is refused by name, and stays there.
// rows: T9
// attr: needs=second_CPU
// refused: kind=affinity
#include "zdtm.h"

#include <sched.h>

static int changed(void *arg)
{
	(void)arg;
	cpu_set_t all, one;
	CHECK_SYS(sched_getaffinity(0, sizeof(all), &all));
	if (CPU_COUNT(&all) < 2)
		zdtm_skip("second CPU");
	CPU_ZERO(&one);
	for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &one);
	CHECK_SYS(sched_setaffinity(0, sizeof(one), &one));
	zdtm_checkpoint_here();
	CHECK_SYS(sched_getaffinity(0, sizeof(all), &all));
	CHECK(CPU_EQUAL(&all, &one));
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
