// A FIFO opened by unrelated opens in several tasks connects them as before.
// rows: P2 F1
#include "zdtm.h"

static int writer(void *arg)
{
	const int number = *(int *)arg;
	char text[16];
	const int fd = CHECK_SYS(open("fifo", O_WRONLY));
	zdtm_checkpoint_here();
	snprintf(text, sizeof(text), "task %d\n", number);
	zdtm_put(fd, text, 7);
	return zdtm_pass();
}

static int lonely_reader(void *arg)
{
	(void)arg;
	char byte;
	// Nobody has the other end: an engine that opens it without care waits for ever.
	const int fd = CHECK_SYS(open("lonely", O_RDONLY | O_NONBLOCK));
	zdtm_checkpoint_here();
	CHECK_EQ(read(fd, &byte, 1), 0);
	const int other = CHECK_SYS(open("lonely", O_WRONLY));
	zdtm_put(other, "!", 1);
	zdtm_get(fd, &byte, 1);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pid_t children[3];
	char text[64] = "";
	CHECK_SYS(mkfifo("fifo", 0600));
	CHECK_SYS(mkfifo("lonely", 0600));
	const int reader = CHECK_SYS(open("fifo", O_RDONLY | O_NONBLOCK));
	for (int i = 0; i < 3; i++)
		children[i] = zdtm_spawn(writer, &i);
	const pid_t lonely = zdtm_spawn(lonely_reader, NULL);

	zdtm_checkpoint_here();

	for (int i = 0; i < 3; i++)
		zdtm_join(children[i]);
	zdtm_join(lonely);
	zdtm_get(reader, text, 21);
	CHECK(strcmp(text, "task 0\ntask 1\ntask 2\n") == 0);
	CHECK_EQ(read(reader, text, 1), 0);
	return zdtm_pass();
}
