// A process group outlives its maker's stay: the maker lives on in another group, its number still names the old one.
// rows: T2
#include "zdtm.h"

static int stays(void *arg)
{
	const pid_t group = *(pid_t *)arg;
	zdtm_checkpoint_here();
	CHECK_EQ(getpgrp(), group);
	return zdtm_pass();
}

static int makes_and_leaves(void *arg)
{
	const pid_t home = getpgrp();
	pid_t mine = getpid();
	(void)arg;
	CHECK_SYS(setpgid(0, 0));
	const pid_t member = zdtm_spawn(stays, &mine);
	CHECK_SYS(setpgid(0, home));

	zdtm_checkpoint_here();

	CHECK_EQ(getpgrp(), home);
	CHECK_EQ(getpgid(member), mine);
	CHECK_ERRNO(setsid(), EPERM); // its number is a group's
	CHECK_SYS(kill(-mine, 0));
	zdtm_join(member);
	CHECK_ERRNO(kill(-mine, 0), ESRCH);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t maker = zdtm_spawn(makes_and_leaves, NULL);

	zdtm_checkpoint_here();

	CHECK_EQ(getpgid(maker), getpgrp());
	zdtm_join(maker);
	return zdtm_pass();
}
