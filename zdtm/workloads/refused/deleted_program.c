// A program whose file was deleted is refused by name, and runs on.
// rows: F3 T8
// refused: kind=deleted-file
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	static char block[1 << 16];
	if (argc > 1) {
		zdtm_checkpoint_here();
		return zdtm_pass();
	}
	const int from = CHECK_SYS(open("/proc/self/exe", O_RDONLY));
	const int to = CHECK_SYS(open("copy", O_WRONLY | O_CREAT | O_EXCL, 0755));
	ssize_t n;
	while ((n = CHECK_SYS(read(from, block, sizeof(block)))) > 0)
		zdtm_put(to, block, n);
	CHECK_SYS(close(from));
	CHECK_SYS(close(to));
	const pid_t child = zdtm_spawn_program("./copy", "run", NULL);
	CHECK_SYS(unlink("copy"));

	zdtm_checkpoint_here();

	zdtm_join(child);
	return zdtm_pass();
}
