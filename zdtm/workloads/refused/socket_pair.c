// A socket pair with data in it is refused by name, and keeps the data.
// rows: U1 U2
// refused: kind=socket
#include "zdtm.h"

#include <sys/socket.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int ends[2];
	CHECK_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	zdtm_put(ends[0], "data", 4);

	zdtm_checkpoint_here();

	char text[4];
	zdtm_get(ends[1], text, 4);
	CHECK(memcmp(text, "data", 4) == 0);
	return zdtm_pass();
}
