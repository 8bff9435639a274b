// A task that a seccomp filter ends for a call is refused by name, and nobody makes that call in its name.
// rows: T11
// attr: needs=seccomp
// refused: kind=seccomp
#include "zdtm.h"

#include <linux/filter.h>
#include <linux/seccomp.h>

static void forbid_mappings(void)
{
#ifdef SYS_mmap2
	enum { kMap = SYS_mmap2 };
#else
	enum { kMap = SYS_mmap };
#endif
	struct sock_filter forbid[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMap, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = 4, .filter = forbid};
	NEEDS(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), "seccomp");
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	forbid_mappings();

	zdtm_checkpoint_here();

	CHECK_EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
	return zdtm_pass();
}
