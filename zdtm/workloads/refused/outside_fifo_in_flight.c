// A FIFO's end that waits in a socket outside the tree, in nobody's table, is refused by name, and stays open.
// rows: P2 U1
// refused: kind=outside-fifo
#include "zdtm.h"

#include <sys/socket.h>

static void send_to(int socket, int fd)
{
	char byte = '!';
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS}};
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	const struct msghdr message = {.msg_iov = &(struct iovec){&byte, 1},
				       .msg_iovlen = 1,
				       .msg_control = &control,
				       .msg_controllen = sizeof(control)};
	CHECK_EQ(sendmsg(socket, &message, 0), 1);
}

static _Noreturn void stranger(void)
{
	int pair[2];
	CHECK_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	const int fd = CHECK_SYS(open("fifo", O_WRONLY)), go = CHECK_SYS(open("go", O_WRONLY));
	CHECK_SYS(unlink("go"));
	send_to(pair[0], fd);
	CHECK_SYS(close(fd));
	CHECK_SYS(close(go)); // tells that it is done
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int told[2];
	char byte;
	CHECK_SYS(mkfifo("fifo", 0600));
	CHECK_SYS(mkfifo("go", 0600));
	CHECK_SYS(pipe(told));
	const pid_t middle = CHECK_SYS(fork());
	if (middle == 0) {
		const pid_t child = fork();
		if (child == 0) {
			CHECK_SYS(close(told[0]));
			CHECK_SYS(close(told[1]));
			stranger();
		}
		zdtm_put(told[1], &child, sizeof(child));
		_exit(0); // and the stranger is adopted by init, which is not one of us
	}
	CHECK_EQ(waitpid(middle, NULL, 0), middle);
	pid_t child;
	zdtm_get(told[0], &child, sizeof(child));
	CHECK_SYS(close(told[0]));
	CHECK_SYS(close(told[1]));
	const int fd = CHECK_SYS(open("fifo", O_RDONLY)), go = CHECK_SYS(open("go", O_RDONLY));
	CHECK_EQ(read(go, &byte, 1), 0);
	CHECK_SYS(close(go));

	zdtm_checkpoint_here();

	CHECK_SYS(fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK_ERRNO(read(fd, &byte, 1), EAGAIN); // there is a writer
	CHECK_SYS(kill(child, SIGKILL));
	CHECK_SYS(fcntl(fd, F_SETFL, 0));
	CHECK_EQ(read(fd, &byte, 1), 0); // and now there is none
	return zdtm_pass();
}
