// A single thread with a seccomp filter is refused by name, and keeps it.
// rows: T11
// attr: threads needs=seccomp
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

static _Atomic uint32_t ready, go;

static void *filtered(void *arg)
{
	allow_everything();
	zdtm_futex_set(&ready, 1);
	zdtm_futex_wait_while(&go, 0);
	CHECK_EQ(prctl(PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pthread_t thread = zdtm_thread(filtered, NULL);
	zdtm_futex_wait_while(&ready, 0);

	zdtm_checkpoint_here();

	zdtm_futex_set(&go, 1);
	zdtm_join_thread(thread);
	CHECK_EQ(prctl(PR_GET_SECCOMP), 0);
	return zdtm_pass();
}
