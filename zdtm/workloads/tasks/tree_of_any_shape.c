// A tree of random shape keeps every pid, parent and exit code.
// rows: T1 T2
#include "zdtm.h"

// One generator per tree: every node draws its shape from the seed of its place, so a failure repeats.
enum { kDepth = 4, kMaxChildren = 3 };

struct place {
	unsigned seed;
	int depth;
};

static int grow(void *arg)
{
	const struct place *place = arg;
	const pid_t pid = getpid(), parent = getppid();
	unsigned state = place->seed;
	const int wanted = place->depth >= kDepth ? 0 : rand_r(&state) % (kMaxChildren + 1);
	pid_t children[kMaxChildren];
	for (int i = 0; i < wanted; i++) {
		struct place below = {rand_r(&state), place->depth + 1};
		children[i] = zdtm_spawn(grow, &below);
	}

	zdtm_checkpoint_here();

	CHECK_EQ(getpid(), pid);
	CHECK_EQ(getppid(), parent);
	// In reverse order, so that a parent that knows only "some child" is found out.
	for (int i = wanted - 1; i >= 0; i--)
		zdtm_join(children[i]);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pid_t trees[4];
	for (int i = 0; i < 4; i++) {
		struct place place = {.seed = 77 + i, .depth = 0};
		trees[i] = zdtm_spawn(grow, &place);
	}

	zdtm_checkpoint_here();

	for (int i = 0; i < 4; i++)
		zdtm_join(trees[i]);
	return zdtm_pass();
}
