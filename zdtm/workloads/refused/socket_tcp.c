// A listening TCP socket is refused by name, and still listens.
// rows: N1
// attr: needs=IPv4
// refused: kind=socket
#include "zdtm.h"

#include <netinet/in.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
	const int fd = NEEDS(socket(AF_INET, SOCK_STREAM, 0), "IPv4");
	CHECK_SYS(bind(fd, (struct sockaddr *)&name, sizeof(name))); // the kernel chooses the port
	CHECK_SYS(listen(fd, 4));

	zdtm_checkpoint_here();

	int listening = 0;
	socklen_t size = sizeof(listening);
	CHECK_SYS(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size));
	CHECK_EQ(listening, 1);
	return zdtm_pass();
}
