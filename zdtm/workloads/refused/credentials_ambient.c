// A child with an ambient capability is refused by name, and keeps it.
// rows: T7
// refused: kind=credentials
#include "zdtm.h"

#include <linux/capability.h>

static int changed(void *arg)
{
	(void)arg;
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	CHECK_SYS(syscall(SYS_capget, &header, data));
	data[0].inheritable |= 1u << CAP_CHOWN;
	CHECK_SYS(syscall(SYS_capset, &header, data));
	CHECK_SYS(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
	zdtm_checkpoint_here();
	CHECK_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0), 1);
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
