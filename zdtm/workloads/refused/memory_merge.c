// A child whose memory is merged is refused by name, and stays so.
// rows: T10
// attr: needs=memory_merge
// refused: kind=memory-merge
#include "zdtm.h"

static int changed(void *arg)
{
	(void)arg;
	enum { kSetMerge = 67, kGetMerge = 68 };
	NEEDS(prctl(kSetMerge, 1, 0, 0, 0), "memory merge");
	zdtm_checkpoint_here();
	CHECK_EQ(prctl(kGetMerge, 0, 0, 0, 0), 1);
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
