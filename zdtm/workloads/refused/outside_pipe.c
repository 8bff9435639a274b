// A pipe whose other end is held outside the tree is refused by name, and still works.
// rows: P1
// refused: kind=outside-pipe
#include "zdtm.h"

static _Noreturn void stranger(int *in, int *out)
{
	char byte;
	close(in[1]);
	close(out[0]);
	while (read(in[0], &byte, 1) == 1)
		zdtm_put(out[1], &byte, 1);
	_exit(0);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int to_us[2], from_us[2];
	CHECK_SYS(pipe(to_us));
	CHECK_SYS(pipe(from_us));
	const pid_t middle = CHECK_SYS(fork());
	if (middle == 0) {
		if (fork() == 0)
			stranger(from_us, to_us);
		_exit(0); // and the stranger is adopted by init, which is not one of us
	}
	CHECK_EQ(waitpid(middle, NULL, 0), middle);
	CHECK_SYS(close(to_us[1]));
	CHECK_SYS(close(from_us[0]));

	zdtm_checkpoint_here();

	char byte = '?';
	zdtm_put(from_us[1], "!", 1);
	zdtm_get(to_us[0], &byte, 1);
	CHECK_EQ(byte, '!');
	CHECK_SYS(close(from_us[1]));
	CHECK_EQ(read(to_us[0], &byte, 1), 0); // the stranger has ended
	return zdtm_pass();
}
