// A packet in a pipe whose writer is closed, which no flag tells of, is refused by name, and stays a packet.
// rows: P1
// refused: kind=packet-pipe
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int ends[2];
	CHECK_SYS(pipe2(ends, O_DIRECT));
	zdtm_put(ends[1], "packet", 6);
	CHECK_SYS(close(ends[1]));

	zdtm_checkpoint_here();

	char text[16];
	CHECK_EQ(read(ends[0], text, 2), 2);
	CHECK_EQ(read(ends[0], text, sizeof(text)), 0); // the rest of it is dropped
	return zdtm_pass();
}
