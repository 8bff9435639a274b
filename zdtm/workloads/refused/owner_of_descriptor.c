// A descriptor with an owner for SIGIO is refused by name, and goes on signalling.
// rows: S3
// refused: kind=file-owner
#include "zdtm.h"

static volatile int seen;

static void on_io(int signo)
{
	(void)signo;
	seen++;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int ends[2];
	CHECK_SYS(pipe(ends));
	CHECK_SYS(sigaction(SIGRTMIN, &(struct sigaction){.sa_handler = on_io}, NULL));
	CHECK_SYS(fcntl(ends[0], F_SETOWN, getpid()));
	CHECK_SYS(fcntl(ends[0], F_SETSIG, SIGRTMIN));
	CHECK_SYS(fcntl(ends[0], F_SETFL, O_ASYNC));

	zdtm_checkpoint_here();

	zdtm_put(ends[1], "!", 1);
	while (!seen)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	return zdtm_pass();
}
