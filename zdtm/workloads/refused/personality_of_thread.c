// A single thread with a personality of its own is refused by name, and keeps it.
// rows: T8
// attr: threads
// refused: kind=personality
#include "zdtm.h"

#include <sys/personality.h>

static _Atomic uint32_t ready, go;

static void *changed(void *arg)
{
	const int before = CHECK_SYS(personality(0xffffffff));
	CHECK_SYS(personality(before ^ ADDR_NO_RANDOMIZE));
	zdtm_futex_set(&ready, 1);
	zdtm_futex_wait_while(&go, 0);
	CHECK_EQ(personality(0xffffffff), before ^ ADDR_NO_RANDOMIZE);
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int before = CHECK_SYS(personality(0xffffffff));
	const pthread_t thread = zdtm_thread(changed, NULL);
	zdtm_futex_wait_while(&ready, 0);

	zdtm_checkpoint_here();

	zdtm_futex_set(&go, 1);
	zdtm_join_thread(thread);
	CHECK_EQ(personality(0xffffffff), before);
	return zdtm_pass();
}
