// Floating-point computations in SSE and x87 registers, stopped anywhere, repeat bit by bit.
// rows: R3 R7
// attr: loops threads
#include "zdtm.h"

static atomic_bool stop;

// The logistic map doubles any error in every step: one lost bit changes the whole result.
static double chaos_sse(double x)
{
	double y = 1 - x, z = x / 2;
	for (int i = 0; i < 20000; i++) {
		x = 3.99 * x * (1 - x);
		y = 3.98 * y * (1 - y);
		z = 3.97 * z * (1 - z);
	}
	return x + y + z;
}

static long double chaos_x87(long double x)
{
	long double y = 1 - x;
	for (int i = 0; i < 20000; i++) {
		x = 3.99L * x * (1 - x);
		y = 3.98L * y * (1 - y);
	}
	return x + y;
}

static void *other(void *arg)
{
	const long double want = chaos_x87(0.4321L);
	do
		CHECK(chaos_x87(0.4321L) == want);
	while (!atomic_load(&stop));
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const double want = chaos_sse(0.1234);
	const long double want_long = chaos_x87(0.1234L);
	CHECK(want > 0 && want < 3 && want_long > 0 && want_long < 2);
	const pthread_t thread = zdtm_thread(other, NULL);
	while (zdtm_running()) {
		CHECK(chaos_sse(0.1234) == want);
		CHECK(chaos_x87(0.1234L) == want_long);
	}
	atomic_store(&stop, true);
	zdtm_join_thread(thread);
	return zdtm_pass();
}
