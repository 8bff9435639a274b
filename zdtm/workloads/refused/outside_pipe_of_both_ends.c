// A pipe that both the tree and a process outside hold at both ends is refused by name, and stays shared.
// rows: P1
// refused: kind=outside-pipe
#include "zdtm.h"

#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int ends[2];
	char byte;
	CHECK_SYS(pipe(ends)); // as the job server of make(1)
	const pid_t middle = CHECK_SYS(fork());
	if (middle == 0) {
		if (fork() == 0)
			_exit(read(ends[0], &byte, 1) == 1 ? 0 : 1);
		_exit(0); // and the stranger is adopted by init, which is not one of us
	}
	CHECK_EQ(waitpid(middle, NULL, 0), middle);

	zdtm_checkpoint_here();

	int waiting;
	zdtm_put(ends[1], "!", 1);
	do {
		sched_yield();
		CHECK_SYS(ioctl(ends[0], FIONREAD, &waiting));
	} while (waiting != 0); // until the stranger has it
	CHECK_SYS(close(ends[1]));
	CHECK_EQ(read(ends[0], &byte, 1), 0); // the stranger has ended
	return zdtm_pass();
}
