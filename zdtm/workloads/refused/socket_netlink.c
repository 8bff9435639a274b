// A netlink socket is refused by name, and keeps its port.
// rows: N1
// refused: kind=socket
#include "zdtm.h"

#include <sys/socket.h>
#include <linux/netlink.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct sockaddr_nl name = {.nl_family = AF_NETLINK}, now;
	socklen_t size = sizeof(name);
	const int fd = CHECK_SYS(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	CHECK_SYS(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	CHECK_SYS(getsockname(fd, (struct sockaddr *)&name, &size));

	zdtm_checkpoint_here();

	CHECK_SYS(getsockname(fd, (struct sockaddr *)&now, &size));
	CHECK_EQ(now.nl_pid, name.nl_pid);
	return zdtm_pass();
}
