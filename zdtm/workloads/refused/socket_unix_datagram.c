// A unix datagram socket with a queued message is refused by name, and keeps the message.
// rows: U1 U2
// refused: kind=socket
#include "zdtm.h"

#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
	const int fd = CHECK_SYS(socket(AF_UNIX, SOCK_DGRAM, 0));
	CHECK_SYS(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	CHECK_EQ(sendto(fd, "message", 7, 0, (struct sockaddr *)&name, sizeof(name)), 7);

	zdtm_checkpoint_here();

	char text[16];
	CHECK_EQ(read(fd, text, sizeof(text)), 7);
	return zdtm_pass();
}
