// The reader of a pipe without a writer, shared with a process outside the tree, is refused by name, and stays shared.
// rows: P1
// refused: kind=outside-pipe
#include "zdtm.h"

#include <poll.h>

static _Noreturn void stranger(int *ends)
{
	char byte;
	CHECK_SYS(close(ends[1]));
	CHECK_SYS(open("go", O_WRONLY)); // there is no reader before the proof
	zdtm_get(ends[0], &byte, 1);
	_exit(0);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int ends[2];
	char byte;
	CHECK_SYS(mkfifo("go", 0600));
	CHECK_SYS(pipe(ends));
	const pid_t middle = CHECK_SYS(fork());
	if (middle == 0) {
		if (fork() == 0)
			stranger(ends);
		_exit(0); // and the stranger is adopted by init, which is not one of us
	}
	CHECK_EQ(waitpid(middle, NULL, 0), middle);
	zdtm_put(ends[1], "ab", 2);
	CHECK_SYS(close(ends[1]));
	struct pollfd hang_up = {.fd = ends[0]};
	CHECK_EQ(poll(&hang_up, 1, -1), 1); // the stranger has closed the other end, too

	zdtm_checkpoint_here();

	zdtm_get(ends[0], &byte, 1);
	CHECK_EQ(byte, 'a');
	const int go = CHECK_SYS(open("go", O_RDONLY));
	CHECK_EQ(read(go, &byte, 1), 0);      // the stranger has ended
	CHECK_EQ(read(ends[0], &byte, 1), 0); // and has taken the rest
	return zdtm_pass();
}
