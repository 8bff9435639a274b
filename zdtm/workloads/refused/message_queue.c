// A POSIX message queue is refused by name, and keeps its messages.
// rows: I1
// attr: needs=mqueue
// refused: kind=mqueue
#include "zdtm.h"

#include <mqueue.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	char name[32], text[8192];
	snprintf(name, sizeof(name), "/zdtm-%d", getpid());
	struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = 128};
	const mqd_t queue = NEEDS(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr), "mqueue");
	CHECK_SYS(mq_unlink(name));
	CHECK_SYS(mq_send(queue, "message", 7, 3));

	zdtm_checkpoint_here();

	unsigned priority;
	CHECK_EQ(mq_receive(queue, text, sizeof(text), &priority), 7);
	CHECK_EQ(priority, 3);
	return zdtm_pass();
}
