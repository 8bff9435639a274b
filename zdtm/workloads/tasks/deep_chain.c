// A chain of forty generations is kept, each the child of the one before.
// rows: T1 T2
#include "zdtm.h"

enum { kGenerations = 40 };

static int descend(void *arg)
{
	const int left = *(int *)arg - 1;
	const pid_t parent = getppid();
	pid_t child = 0;
	if (left > 0)
		child = zdtm_spawn(descend, (void *)&left);

	zdtm_checkpoint_here();

	CHECK_EQ(getppid(), parent);
	if (child)
		zdtm_join(child);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int generations = kGenerations;
	const pid_t child = zdtm_spawn(descend, &generations);

	zdtm_checkpoint_here();

	zdtm_join(child);
	return zdtm_pass();
}
