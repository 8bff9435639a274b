// A UDP socket is refused by name, and stays bound.
// rows: N1
// attr: needs=IPv4
// refused: kind=socket
#include "zdtm.h"

#include <netinet/in.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct sockaddr_in name = {.sin_family = AF_INET}, now;
	socklen_t size = sizeof(name);
	const int fd = NEEDS(socket(AF_INET, SOCK_DGRAM, 0), "IPv4");
	CHECK_SYS(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	CHECK_SYS(getsockname(fd, (struct sockaddr *)&name, &size));

	zdtm_checkpoint_here();

	CHECK_SYS(getsockname(fd, (struct sockaddr *)&now, &size));
	CHECK(now.sin_port != 0 && now.sin_port == name.sin_port);
	return zdtm_pass();
}
