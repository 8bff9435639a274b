// Each word size has a family with shared anonymous memory of its own, joined by one pipe.
// rows: R1 M1 M2 P1
#include "zdtm.h"

enum { kMembers = 3 };
static _Atomic uint32_t *counter;
static int to_root;

static int member(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	for (int i = 0; i < 1000; i++)
		atomic_fetch_add(counter, 1);
	return zdtm_pass();
}

// A family: the members count in memory that only they share, the head reports the sum.
static void family(uint32_t start, pid_t other)
{
	pid_t members[kMembers];
	counter = zdtm_shared_memory(zdtm_page());
	*counter = start;
	for (int i = 0; i < kMembers; i++)
		members[i] = zdtm_spawn(member, NULL);

	zdtm_checkpoint_here();

	for (int i = 0; i < kMembers; i++)
		zdtm_join(members[i]);
	if (other)
		zdtm_join(other);
	const uint32_t sum = atomic_load(counter);
	zdtm_put(to_root, &sum, sizeof(sum));
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	if (argc > 1) {
		to_root = atoi(argv[1]);
		family(500000, 0);
		return zdtm_pass();
	}
	int ends[2];
	char end[16];
	uint32_t sums[2];
	CHECK_SYS(pipe(ends));
	to_root = ends[1];
	snprintf(end, sizeof(end), "%d", to_root);
	family(0, zdtm_spawn_program(zdtm_twin(), end, NULL));
	zdtm_get(ends[0], sums, sizeof(sums));
	CHECK_EQ(sums[0], 500000 + 1000 * kMembers);
	CHECK_EQ(sums[1], 1000 * kMembers);
	return zdtm_pass();
}
