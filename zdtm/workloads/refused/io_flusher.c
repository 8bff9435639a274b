// A child that is an I/O flusher is refused by name, and stays one.
// rows: T10
// attr: needs=io_flusher
// refused: kind=io-flusher
#include "zdtm.h"

static int changed(void *arg)
{
	(void)arg;
	enum { kSetIoFlusher = 57, kGetIoFlusher = 58 };
	NEEDS(prctl(kSetIoFlusher, 1, 0, 0, 0), "io flusher");
	zdtm_checkpoint_here();
	CHECK_EQ(prctl(kGetIoFlusher, 0, 0, 0, 0), 1);
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
