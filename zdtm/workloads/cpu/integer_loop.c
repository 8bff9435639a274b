// An integer computation that is stopped at any instruction ends with the known result.
// rows: R1 R7
// attr: loops
#include "zdtm.h"

// A polynomial hash over a generator, long enough to keep many registers alive at once.
static uint64_t compute(uint32_t seed)
{
	uint64_t a = seed, b = 0x9e3779b97f4a7c15ull, c = 1, d = 0;
	for (int i = 0; i < 20000; i++) {
		a ^= a << 13;
		a ^= a >> 7;
		a ^= a << 17;
		b = (b << 5 | b >> 59) + a;
		c = c * 6364136223846793005ull + (b | 1);
		d += c % 1000003 + (a & b);
	}
	return a ^ b ^ c ^ d;
}

// Computed apart with arbitrary-precision integers; the same for both word sizes.
static const uint64_t kKnown = 0xd00fe7a4f34d21ceull;

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	uint64_t rounds = 0;
	while (zdtm_running()) {
		const uint64_t got = compute(12345);
		if (got != kKnown)
			FAIL("round %llu computed %#llx", (long long)rounds, (long long)got);
		rounds++;
	}
	return zdtm_pass();
}
