// A child of the other word size, started by exec, keeps its own state beside its parent's.
// rows: R1 R2 M1 T2
// attr: grid
#include "zdtm.h"

static int hold(unsigned seed)
{
	static unsigned char in_data[5000];
	unsigned char *const in_heap = malloc(100000);
	unsigned char on_stack[3000];
	const pid_t parent = getppid();
	zdtm_fill(in_data, sizeof(in_data), seed);
	zdtm_fill(in_heap, 100000, seed + 1);
	zdtm_fill(on_stack, sizeof(on_stack), seed + 2);

	zdtm_checkpoint_here();

	CHECK(zdtm_filled(in_data, sizeof(in_data), seed));
	CHECK(zdtm_filled(in_heap, 100000, seed + 1));
	CHECK(zdtm_filled(on_stack, sizeof(on_stack), seed + 2));
	return getppid() == parent;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	if (argc > 1) {
		// The word size is what was asked for, and not the parent's.
		CHECK_EQ(atoi(argv[1]), sizeof(void *) == 8 ? 64 : 32);
		CHECK(hold(100));
		return zdtm_pass();
	}
	const pid_t child = zdtm_spawn_program(zdtm_twin(), sizeof(void *) == 8 ? "32" : "64", NULL);
	hold(200);
	zdtm_join(child);
	return zdtm_pass();
}
