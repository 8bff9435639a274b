// A single thread in a namespace of its own is refused by name, and stays in it.
// rows: T12 X1
// attr: threads needs=uts_namespaces
// refused: kind=namespace
#include "zdtm.h"

#include <sched.h>

static _Atomic uint32_t ready, go;

static void *elsewhere(void *arg)
{
	char name[65];
	NEEDS(unshare(CLONE_NEWUTS), "uts namespaces");
	CHECK_SYS(sethostname("elsewhere", 9));
	zdtm_futex_set(&ready, 1);
	zdtm_futex_wait_while(&go, 0);
	CHECK_SYS(gethostname(name, sizeof(name)));
	CHECK(strcmp(name, "elsewhere") == 0);
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pthread_t thread = zdtm_thread(elsewhere, NULL);
	zdtm_futex_wait_while(&ready, 0);

	zdtm_checkpoint_here();

	zdtm_futex_set(&go, 1);
	zdtm_join_thread(thread);
	return zdtm_pass();
}
