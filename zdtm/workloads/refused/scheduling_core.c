// A child that shares a core with nobody else is refused by name, and goes on so.
// rows: T9
// attr: needs=core_scheduling
// refused: kind=scheduling
#include "zdtm.h"

static uint64_t own_cookie(void)
{
	uint64_t cookie = 0;
	CHECK_SYS(prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, 0, PR_SCHED_CORE_SCOPE_THREAD, &cookie));
	return cookie;
}

static int changed(void *arg)
{
	(void)arg;
	NEEDS(prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, PR_SCHED_CORE_SCOPE_THREAD, 0),
	      "core scheduling");
	const uint64_t cookie = own_cookie();
	CHECK(cookie != 0);
	zdtm_checkpoint_here();
	CHECK_EQ(own_cookie(), cookie);
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
