// Pipes between tasks of different word size keep their content and their ends, in both directions.
// rows: R1 P1 F2
// attr: grid
#include "zdtm.h"

enum { kSize = 30000 };
static unsigned char block[kSize];

static void expect(int fd, uint32_t seed)
{
	zdtm_get(fd, block, kSize);
	CHECK(zdtm_filled(block, kSize, seed));
}

static void send(int fd, uint32_t seed)
{
	zdtm_fill(block, kSize, seed);
	zdtm_put(fd, block, kSize);
}

static int other(int in, int out)
{
	send(out, 11);
	zdtm_checkpoint_here();
	expect(in, 10);
	send(out, 12);
	CHECK_SYS(close(out));
	expect(in, 13);
	CHECK_EQ(read(in, block, 1), 0);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	if (argc == 3)
		return other(atoi(argv[1]), atoi(argv[2]));
	int down[2], up[2];
	char in[16], out[16];
	CHECK_SYS(pipe(down));
	CHECK_SYS(pipe(up));
	CHECK_SYS(fcntl(down[1], F_SETFD, FD_CLOEXEC));
	CHECK_SYS(fcntl(up[0], F_SETFD, FD_CLOEXEC));
	snprintf(in, sizeof(in), "%d", down[0]);
	snprintf(out, sizeof(out), "%d", up[1]);
	const pid_t child = zdtm_spawn_program(zdtm_twin(), in, out, NULL);
	CHECK_SYS(close(down[0]));
	CHECK_SYS(close(up[1]));
	send(down[1], 10);

	zdtm_checkpoint_here();

	expect(up[0], 11);
	send(down[1], 13);
	CHECK_SYS(close(down[1]));
	CHECK_SYS(kill(child, SIGUSR2));
	expect(up[0], 12);
	CHECK_EQ(read(up[0], block, 1), 0);
	int status;
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	return zdtm_pass();
}
