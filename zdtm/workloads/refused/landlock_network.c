// A task in a landlock domain that is about the network alone is refused by name, and stays restricted.
// rows: F7
// attr: needs=landlock-network
// refused: kind=landlock
#include "zdtm.h"

#include <arpa/inet.h>
#include <sys/socket.h>

// struct landlock_ruleset_attr as of Linux 6.7.
struct ruleset {
	uint64_t handled_access_fs, handled_access_net;
};
#define BIND_TCP 1 // LANDLOCK_ACCESS_NET_BIND_TCP

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const struct ruleset attr = {.handled_access_net = BIND_TCP};
	const int fd =
		NEEDS(syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0), "landlock-network");
	CHECK_SYS(
		syscall(SYS_landlock_restrict_self, fd, 0)); // with CAP_SYS_ADMIN no_new_privs is not needed
	CHECK_SYS(close(fd));

	zdtm_checkpoint_here();

	const int unbound = CHECK_SYS(socket(AF_INET, SOCK_STREAM, 0));
	const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
	CHECK_ERRNO(bind(unbound, (const struct sockaddr *)&address, sizeof(address)), EACCES);
	return zdtm_pass();
}
