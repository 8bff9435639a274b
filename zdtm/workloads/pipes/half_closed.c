// Pipes with one end closed give end of file or SIGPIPE as before, after the content that was left.
// rows: P1 S1
#include "zdtm.h"

#include <poll.h>

static volatile int broken;

static void on_pipe(int signo)
{
	(void)signo;
	broken++;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int no_writer[2], no_writer_empty[2], no_reader[2], no_reader_filled[2];
	char text[16];
	CHECK_SYS(pipe(no_writer));
	CHECK_SYS(pipe(no_writer_empty));
	CHECK_SYS(pipe(no_reader));
	CHECK_SYS(pipe(no_reader_filled));
	zdtm_put(no_writer[1], "left over", 9);
	zdtm_put(no_reader_filled[1], "never read", 10);
	CHECK_SYS(close(no_writer[1]));
	CHECK_SYS(close(no_writer_empty[1]));
	CHECK_SYS(close(no_reader[0]));
	CHECK_SYS(close(no_reader_filled[0]));
	CHECK_SYS(sigaction(SIGPIPE, &(struct sigaction){.sa_handler = on_pipe}, NULL));

	zdtm_checkpoint_here();

	CHECK_EQ(broken, 0);
	zdtm_get(no_writer[0], text, 9);
	CHECK(memcmp(text, "left over", 9) == 0);
	CHECK_EQ(read(no_writer[0], text, 1), 0);
	CHECK_EQ(read(no_writer_empty[0], text, 1), 0);
	struct pollfd fds[2] = {{.fd = no_writer_empty[0], .events = POLLIN},
				{.fd = no_reader[1], .events = POLLOUT}};
	CHECK_EQ(poll(fds, 2, 0), 2);
	CHECK_EQ(fds[0].revents, POLLHUP);
	CHECK_EQ(fds[1].revents & POLLERR, POLLERR);
	CHECK_ERRNO(write(no_reader[1], "x", 1), EPIPE);
	CHECK_ERRNO(write(no_reader_filled[1], "x", 1), EPIPE);
	CHECK_EQ(broken, 2);
	return zdtm_pass();
}
