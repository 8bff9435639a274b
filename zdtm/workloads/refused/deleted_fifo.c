// A FIFO without a name is refused by name, and keeps what is in it.
// rows: P2
// refused: kind=deleted-fifo
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(mkfifo("fifo", 0600));
	const int fd = CHECK_SYS(open("fifo", O_RDWR));
	CHECK_SYS(unlink("fifo"));
	zdtm_put(fd, "content", 7);

	zdtm_checkpoint_here();

	char text[8] = "";
	zdtm_get(fd, text, 7);
	CHECK(strcmp(text, "content") == 0);
	return zdtm_pass();
}
