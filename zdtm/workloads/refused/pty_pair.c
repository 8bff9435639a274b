// A pseudo-terminal pair is refused by name, and still carries lines.
// rows: Y1
// refused: kind=tty
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int master = CHECK_SYS(posix_openpt(O_RDWR | O_NOCTTY));
	CHECK_SYS(grantpt(master));
	CHECK_SYS(unlockpt(master));
	const int slave = CHECK_SYS(open(ptsname(master), O_RDWR | O_NOCTTY));
	zdtm_put(master, "line\n", 5);

	zdtm_checkpoint_here();

	char text[16];
	CHECK_EQ(read(slave, text, sizeof(text)), 5);
	CHECK(memcmp(text, "line\n", 5) == 0);
	return zdtm_pass();
}
