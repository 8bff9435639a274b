// Repeated string instructions go on in the middle of their count, forwards and backwards.
// rows: R1 R7
// attr: loops
#include "zdtm.h"

enum { kSize = 1 << 20 };

static void copy_up(void *to, const void *from, size_t size)
{
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size)::"memory");
	CHECK_EQ(size, 0);
}

static void copy_down(char *to, const char *from, size_t size)
{
	to += size - 1;
	from += size - 1;
	asm volatile("std\nrep movsb\ncld" : "+D"(to), "+S"(from), "+c"(size)::"memory");
	CHECK_EQ(size, 0);
}

static size_t equal_prefix(const void *a, const void *b, size_t size)
{
	size_t left = size;
	bool same;
	asm volatile("repe cmpsb" : "+D"(a), "+S"(b), "+c"(left), "=@cce"(same)::"memory");
	return size - left - !same;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	char *const a = malloc(kSize), *const b = malloc(kSize);
	zdtm_fill(a, kSize, 9);
	while (zdtm_running()) {
		memset(b, 0, kSize);
		copy_up(b, a, kSize);
		CHECK_EQ(equal_prefix(a, b, kSize), kSize);
		memset(b, 0, kSize);
		copy_down(b, a, kSize);
		CHECK_EQ(equal_prefix(a, b, kSize), kSize);
		b[kSize - 2] ^= 1;
		CHECK_EQ(equal_prefix(a, b, kSize), kSize - 2);
	}
	CHECK(zdtm_filled(a, kSize, 9));
	return zdtm_pass();
}
