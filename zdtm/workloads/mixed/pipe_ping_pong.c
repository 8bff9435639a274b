// Tasks of different word size exchange blocks through pipes without a pause, and no byte is lost.
// rows: R1 P1 R5
// attr: loops
#include "zdtm.h"

enum { kMost = 6000 };
static unsigned char block[kMost];

static int echo(int in, int out)
{
	uint32_t size;
	zdtm_running();
	while (CHECK_SYS(read(in, &size, sizeof(size))) == sizeof(size)) {
		zdtm_get(in, block, size);
		for (uint32_t i = 0; i < size; i++)
			block[i] += 3;
		zdtm_put(out, block, size);
	}
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	if (argc == 3)
		return echo(atoi(argv[1]), atoi(argv[2]));
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
	for (uint32_t round = 0; zdtm_running(); round++) {
		const uint32_t size = 1 + round * 7907u % kMost;
		zdtm_fill(block, size, round);
		zdtm_put(down[1], &size, sizeof(size));
		zdtm_put(down[1], block, size);
		zdtm_get(up[0], block, size);
		for (uint32_t i = 0; i < size; i++)
			block[i] -= 3;
		CHECK(zdtm_filled(block, size, round));
	}
	CHECK_SYS(close(down[1]));
	int status;
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	return zdtm_pass();
}
