// A child with its own speculation controls is refused by name, and keeps them.
// rows: T10
// attr: needs=speculation_control
// refused: kind=speculation
#include "zdtm.h"

static int changed(void *arg)
{
	(void)arg;
	NEEDS(prctl(PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_DISABLE, 0, 0) == 0 ? 0
	      : errno == ENXIO ? (errno = ENODEV, -1)
			       : -1,
	      "speculation control");
	zdtm_checkpoint_here();
	CHECK_EQ(prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 0, 0, 0),
		 PR_SPEC_PRCTL | PR_SPEC_DISABLE);
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
