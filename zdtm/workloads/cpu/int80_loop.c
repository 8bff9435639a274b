// System calls through int $0x80, stopped before, in or after them, return the right value and spare the registers.
// rows: R1 R7
// attr: loops
#include "zdtm.h"

// getpid, gettid and a failing close, with the registers that the call must keep held in a pattern.
struct result {
	long value, b, c, d, s, i;
};

static struct result call(long number, long b)
{
	struct result r;
	long c = 0x1111c, d = 0x2222d, s = 0x33335, i = 0x4444d;
	asm volatile("int $0x80"
		     : "=a"(r.value), "+b"(b), "+c"(c), "+d"(d), "+S"(s), "+D"(i)
		     : "0"(number)
		     : "memory");
	r = (struct result){(int)r.value, b, c, d, s, i};
	return r;
}

static void check(long number, long argument, long want)
{
	const struct result r = call(number, argument);
	if (r.value != want)
		FAIL("call %ld returned %ld instead of %ld", number, r.value, want);
	CHECK_EQ(r.b, argument);
	CHECK(r.c == 0x1111c && r.d == 0x2222d && r.s == 0x33335 && r.i == 0x4444d);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const long pid = getpid();
	while (zdtm_running())
		for (int i = 0; i < 2000; i++) {
			check(20, 0x55555, pid);
			check(224, 0x66666, pid);
			check(6, 0x7ffffff, -EBADF);
			check(9999, 1, -ENOSYS);
		}
	return zdtm_pass();
}
