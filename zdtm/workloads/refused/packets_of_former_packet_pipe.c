// The smallest packets in a pipe that makes no more of them are refused by name, and stay apart.
// rows: P1
// refused: kind=packet-pipe
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int ends[2];
	CHECK_SYS(pipe2(ends, O_DIRECT));
	zdtm_put(ends[1], "a", 1);
	zdtm_put(ends[1], "b", 1);
	CHECK_SYS(fcntl(ends[1], F_SETFL, 0));

	zdtm_checkpoint_here();

	char text[16];
	zdtm_put(ends[1], "c", 1);
	CHECK_EQ(read(ends[0], text, sizeof(text)), 1);
	CHECK_EQ(read(ends[0], text, sizeof(text)), 1);
	CHECK_EQ(read(ends[0], text, sizeof(text)), 1);
	return zdtm_pass();
}
