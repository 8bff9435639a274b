// A child that gave up a capability for good is refused by name, and does not get it back.
// rows: T7
// refused: kind=credentials
#include "zdtm.h"

#include <linux/capability.h>

static int changed(void *arg)
{
	(void)arg;
	CHECK_SYS(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME));
	zdtm_checkpoint_here();
	CHECK_EQ(prctl(PR_CAPBSET_READ, CAP_SYS_TIME), 0);
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
