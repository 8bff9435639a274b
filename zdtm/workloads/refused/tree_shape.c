// A tree that nobody could give birth to again is refused by name: a maker left its group for one that has nobody else.
// rows: T2
// refused: kind=tree-shape
#include "zdtm.h"

static int makes_a_group(void *arg)
{
	(void)arg;
	CHECK_SYS(setpgid(0, 0));
	zdtm_checkpoint_here();
	return zdtm_pass();
}

static int stays(void *arg)
{
	const pid_t group = *(pid_t *)arg;
	zdtm_checkpoint_here();
	CHECK_EQ(getpgrp(), group);
	return zdtm_pass();
}

static int makes_and_leaves(void *arg)
{
	const pid_t company = *(pid_t *)arg;
	pid_t mine = getpid();
	CHECK_SYS(setpgid(0, 0));
	const pid_t member = zdtm_spawn(stays, &mine);
	CHECK_SYS(setpgid(0, company));

	zdtm_checkpoint_here();

	CHECK_EQ(getpgrp(), company);
	CHECK_EQ(getpgid(member), mine);
	zdtm_join(member);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pid_t company = zdtm_spawn(makes_a_group, NULL);
	const pid_t maker = zdtm_spawn(makes_and_leaves, &company);
	zdtm_join(company); // the group goes on, with the maker of another one alone in it

	zdtm_checkpoint_here();

	CHECK_EQ(getpgid(maker), company);
	zdtm_join(maker);
	return zdtm_pass();
}
