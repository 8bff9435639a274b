// A raw socket is refused by name.
// rows: N1
// attr: needs=raw_sockets
// refused: kind=socket
#include "zdtm.h"

#include <netinet/in.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = NEEDS(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), "raw sockets");

	zdtm_checkpoint_here();

	int type = 0;
	socklen_t size = sizeof(type);
	CHECK_SYS(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size));
	CHECK_EQ(type, SOCK_RAW);
	return zdtm_pass();
}
