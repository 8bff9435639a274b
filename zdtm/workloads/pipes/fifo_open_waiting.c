// Threads that wait in open() for the other end of a FIFO wait on, and get it.
// rows: P2 R5
// attr: threads
#include "zdtm.h"

static _Atomic uint32_t reader_tid, writer_tid;

static void *opens_reader(void *arg)
{
	char text[4];
	atomic_store(&reader_tid, zdtm_tid());
	const int fd = CHECK_SYS(open("for reader", O_RDONLY));
	zdtm_get(fd, text, 4);
	CHECK(memcmp(text, "here", 4) == 0);
	CHECK_SYS(close(fd));
	return arg;
}

static void *opens_writer(void *arg)
{
	atomic_store(&writer_tid, zdtm_tid());
	const int fd = CHECK_SYS(open("for writer", O_WRONLY));
	zdtm_put(fd, "here", 4);
	CHECK_SYS(close(fd));
	return arg;
}

static void until_waiting(_Atomic uint32_t *tid)
{
	while (!atomic_load(tid))
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	zdtm_until_asleep(*tid);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	char text[4];
	CHECK_SYS(mkfifo("for reader", 0600));
	CHECK_SYS(mkfifo("for writer", 0600));
	const pthread_t reader = zdtm_thread(opens_reader, NULL), writer = zdtm_thread(opens_writer, NULL);
	until_waiting(&reader_tid);
	until_waiting(&writer_tid);

	zdtm_checkpoint_here();

	const int out = CHECK_SYS(open("for reader", O_WRONLY));
	zdtm_put(out, "here", 4);
	const int in = CHECK_SYS(open("for writer", O_RDONLY));
	zdtm_get(in, text, 4);
	CHECK(memcmp(text, "here", 4) == 0);
	zdtm_join_thread(reader);
	zdtm_join_thread(writer);
	return zdtm_pass();
}
