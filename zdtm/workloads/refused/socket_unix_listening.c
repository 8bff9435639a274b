// A listening unix socket is refused by name, and goes on accepting.
// rows: U1
// refused: kind=socket
#include "zdtm.h"

#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"};
	const int listener = CHECK_SYS(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_SYS(bind(listener, (struct sockaddr *)&name, sizeof(name)));
	CHECK_SYS(listen(listener, 4));

	zdtm_checkpoint_here();

	const int client = CHECK_SYS(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_SYS(connect(client, (struct sockaddr *)&name, sizeof(name)));
	CHECK_SYS(accept(listener, NULL, NULL));
	return zdtm_pass();
}
