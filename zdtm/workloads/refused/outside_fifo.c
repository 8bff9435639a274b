// A FIFO that a process outside the tree has open is refused by name, and still works.
// rows: P2
// refused: kind=outside-fifo
#include "zdtm.h"

static _Noreturn void stranger(void)
{
	char byte;
	const int in = open("to stranger", O_RDONLY), out = open("from stranger", O_WRONLY);
	while (read(in, &byte, 1) == 1)
		zdtm_put(out, &byte, 1);
	_exit(0);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(mkfifo("to stranger", 0600));
	CHECK_SYS(mkfifo("from stranger", 0600));
	const pid_t middle = CHECK_SYS(fork());
	if (middle == 0) {
		if (fork() == 0)
			stranger();
		_exit(0); // and the stranger is adopted by init, which is not one of us
	}
	CHECK_EQ(waitpid(middle, NULL, 0), middle);
	// Of both, both ends are ours, too: nothing but a look at others tells of the stranger.
	const int out = CHECK_SYS(open("to stranger", O_RDWR));
	const int in = CHECK_SYS(open("from stranger", O_RDWR));
	char byte = '?';
	zdtm_put(out, "?", 1);
	zdtm_get(in, &byte, 1);

	zdtm_checkpoint_here();

	zdtm_put(out, "!", 1);
	zdtm_get(in, &byte, 1);
	CHECK_EQ(byte, '!');
	CHECK_SYS(close(out)); // and the stranger ends
	return zdtm_pass();
}
