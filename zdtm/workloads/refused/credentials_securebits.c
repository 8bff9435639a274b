// A child with securebits is refused by name, and keeps them.
// rows: T7
// refused: kind=credentials
#include "zdtm.h"

#include <linux/securebits.h>

static int changed(void *arg)
{
	(void)arg;
	CHECK_SYS(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
	zdtm_checkpoint_here();
	CHECK_EQ(prctl(PR_GET_SECUREBITS), SECBIT_NO_SETUID_FIXUP);
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
