// A child with user and group ids of its own is refused by name, and keeps them.
// rows: T7
// refused: kind=credentials
#include "zdtm.h"

static int changed(void *arg)
{
	(void)arg;
	CHECK_SYS(setresgid(1001, 1002, 1003));
	CHECK_SYS(setresuid(2001, 2002, 0));
	CHECK_SYS(prctl(PR_SET_DUMPABLE, 1));
	zdtm_checkpoint_here();
	uid_t r, e, s;
	CHECK_SYS(getresuid(&r, &e, &s));
	CHECK(r == 2001 && e == 2002 && s == 0);
	CHECK_EQ(getegid(), 1002);
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
