// Tasks of both word sizes that compute the same thing at the same time get the same, wherever they are stopped.
// rows: R1 R3 R7
// attr: loops grid
#include "zdtm.h"

struct result {
	uint64_t hash, bits;
};

// SSE arithmetic is the same in both word sizes, and so are 64-bit integers.
static struct result compute(uint32_t seed)
{
	uint64_t hash = seed | 1;
	double x = 0.1 + seed % 700 / 1000.0;
	for (int i = 0; i < 5000; i++) {
		hash = hash * 6364136223846793005ull + 1442695040888963407ull;
		hash ^= hash >> 29;
		x = 3.9 * x * (1 - x);
	}
	struct result result = {hash, 0};
	memcpy(&result.bits, &x, sizeof(x));
	return result;
}

static int other(int in, int out)
{
	uint32_t seed;
	zdtm_running();
	while (CHECK_SYS(read(in, &seed, sizeof(seed))) == sizeof(seed)) {
		const struct result result = compute(seed);
		zdtm_put(out, &result, sizeof(result));
	}
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
	snprintf(in, sizeof(in), "%d", down[0]);
	snprintf(out, sizeof(out), "%d", up[1]);
	const pid_t child = zdtm_spawn_program(zdtm_twin(), in, out, NULL);
	CHECK_SYS(close(down[0]));
	for (uint32_t seed = 1; zdtm_running(); seed++) {
		struct result theirs;
		zdtm_put(down[1], &seed, sizeof(seed));
		const struct result ours = compute(seed);
		zdtm_get(up[0], &theirs, sizeof(theirs));
		CHECK_EQ(theirs.hash, ours.hash);
		CHECK_EQ(theirs.bits, ours.bits);
	}
	CHECK_SYS(close(down[1]));
	int status;
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	return zdtm_pass();
}
