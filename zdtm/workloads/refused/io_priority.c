// A child with an I/O priority is refused by name, and keeps it.
// rows: T9
// refused: kind=io-priority
#include "zdtm.h"

static int changed(void *arg)
{
	(void)arg;
	enum { kProcess = 1, kIdle = 3 << 13 };
	CHECK_SYS(syscall(SYS_ioprio_set, kProcess, 0, kIdle));
	zdtm_checkpoint_here();
	CHECK_EQ(syscall(SYS_ioprio_get, kProcess, 0), kIdle);
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
