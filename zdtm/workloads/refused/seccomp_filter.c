// A task with a seccomp filter is refused by name, and keeps it.
// rows: T11
// attr: needs=seccomp
// refused: kind=seccomp
#include "zdtm.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

static void allow_everything(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	const struct sock_fprog program = {.len = 1, .filter = &allow};
	NEEDS(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "seccomp");
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	allow_everything();

	zdtm_checkpoint_here();

	CHECK_EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
	return zdtm_pass();
}
