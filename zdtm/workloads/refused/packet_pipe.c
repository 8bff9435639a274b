// A pipe in packet mode is refused by name, and keeps its packets apart.
// rows: P1
// refused: kind=packet-pipe
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int ends[2];
	CHECK_SYS(pipe2(ends, O_DIRECT));
	zdtm_put(ends[1], "one", 3);
	zdtm_put(ends[1], "packet", 6);

	zdtm_checkpoint_here();

	char text[16];
	CHECK_EQ(read(ends[0], text, sizeof(text)), 3);
	CHECK_EQ(read(ends[0], text, sizeof(text)), 6);
	return zdtm_pass();
}
