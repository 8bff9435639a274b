// A child with supplementary groups of its own is refused by name, and keeps them.
// rows: T7
// refused: kind=credentials
#include "zdtm.h"

#include <grp.h>

static int changed(void *arg)
{
	(void)arg;
	const gid_t groups[3] = {5, 77, 4000000};
	CHECK_SYS(setgroups(3, groups));
	zdtm_checkpoint_here();
	gid_t now[8];
	CHECK_EQ(getgroups(8, now), 3);
	CHECK(memcmp(now, groups, sizeof(groups)) == 0);
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
