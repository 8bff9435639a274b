// Three generations of alternating word size keep their places, and each reaps its own child.
// rows: R1 T1 T2
// attr: grid
#include "zdtm.h"

enum { kGenerations = 5 };

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int generation = argc > 1 ? atoi(argv[1]) : 0;
	char next[16];
	snprintf(next, sizeof(next), "%d", generation + 1);
	if (argc > 2)
		CHECK_EQ(atoi(argv[2]), 96 - 8 * (int)sizeof(void *)); // the parent's size, which is not ours
	char bits[16];
	snprintf(bits, sizeof(bits), "%d", 8 * (int)sizeof(void *));
	const pid_t parent = getppid();
	pid_t child = 0;
	if (generation + 1 < kGenerations)
		child = zdtm_spawn_program(zdtm_twin(), next, bits, NULL);

	zdtm_checkpoint_here();

	if (generation)
		CHECK_EQ(getppid(), parent);
	if (child)
		zdtm_join(child);
	return zdtm_pass();
}
