// A directory with F_NOTIFY is refused by name, and goes on signalling.
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
	CHECK_SYS(sigaction(SIGIO, &(struct sigaction){.sa_handler = on_io}, NULL));
	CHECK_SYS(fcntl(CHECK_SYS(open(".", O_RDONLY)), F_NOTIFY, DN_CREATE));

	zdtm_checkpoint_here();

	zdtm_spit("made", "");
	while (!seen)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	return zdtm_pass();
}
