// Relatives blocked in reading an empty pipe, in writing a full one and in reading a FIFO go on where they were.
// rows: P1 P2 R5
#include "zdtm.h"

enum { kLarge = 200000 };
static int requests[2], large[2], fifo;

static int waits_for_request(void *arg)
{
	(void)arg;
	char text[8];
	zdtm_running(); // ready, and straight into the call
	CHECK_EQ(read(requests[0], text, sizeof(text)), 4);
	CHECK(memcmp(text, "work", 4) == 0);
	return 0;
}

static int waits_for_room(void *arg)
{
	(void)arg;
	char *const all = malloc(kLarge);
	zdtm_fill(all, kLarge, 8);
	zdtm_running();
	zdtm_put(large[1], all, kLarge);
	return 0;
}

static int waits_in_fifo(void *arg)
{
	(void)arg;
	char text[8];
	zdtm_running();
	CHECK_EQ(read(fifo, text, sizeof(text)), 4);
	CHECK(memcmp(text, "fifo", 4) == 0);
	return 0;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(pipe(requests));
	CHECK_SYS(pipe(large));
	CHECK_SYS(mkfifo("fifo", 0600));
	fifo = CHECK_SYS(open("fifo", O_RDWR));
	const zdtm_body bodies[3] = {waits_for_request, waits_for_room, waits_in_fifo};
	pid_t children[3];
	for (int i = 0; i < 3; i++)
		children[i] = zdtm_spawn(bodies[i], NULL);
	for (int i = 0; i < 3; i++)
		zdtm_until_asleep(children[i]);

	zdtm_checkpoint_here();

	char *const all = malloc(kLarge);
	zdtm_get(large[0], all, kLarge);
	CHECK(zdtm_filled(all, kLarge, 8));
	zdtm_put(requests[1], "work", 4);
	zdtm_put(fifo, "fifo", 4);
	for (int i = 0; i < 3; i++) {
		int status;
		CHECK_EQ(waitpid(children[i], &status, 0), children[i]);
		CHECK_EQ(status, 0);
	}
	return zdtm_pass();
}
