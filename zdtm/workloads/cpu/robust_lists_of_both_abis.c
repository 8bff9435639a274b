// A task that registered robust lists through both system call ABIs keeps both.
// rows: R4
#include "zdtm.h"

#include <linux/futex.h>

// The kernel keeps two heads per task, one per ABI. libc has registered its own; the other one is set and read
// through the ABI that this word size does not normally use.
#ifdef __x86_64__
static long other_abi(long number, long a, long b, long c)
{
	long result;
	asm volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return (int)result;
}
enum { kSet = 311, kGet = 312, kHeadSize = 12 };
#else
static long other_abi(long number, long a, long b, long c)
{
	long result;
	// Into the 64-bit code segment by a far return, the call, and back by another one.
	asm volatile(
		"push $0x33\n call 1f\n 1: addl $(2f - 1b), (%%esp)\n lretl\n"
		".code64\n 2: syscall\n call 3f\n 3: movl $0x23, 4(%%rsp)\n addl $(4f - 3b), (%%rsp)\n lretl\n"
		".code32\n 4:\n"
		: "=a"(result)
		: "0"(number), "D"(a), "S"(b), "d"(c)
		: "ecx", "memory", "cc");
	return result;
}
enum { kSet = 273, kGet = 274, kHeadSize = 24 };
#endif

struct found {
	uint64_t head, size;
};

static struct found *low; // both ABIs can point to it

static struct found ask(void)
{
	memset(low, 0, sizeof(*low));
	CHECK_EQ(other_abi(kGet, 0, (long)&low->head, (long)&low->size), 0);
	return *low;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct robust_list_head *own_before = NULL, *own_after = NULL;
	size_t size = 0;
	low = CHECK_SYS(mmap((void *)0x30000000, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	const uintptr_t head = (uintptr_t)low + 1024;
	*(uint64_t *)head = head; // an empty list points to itself
	CHECK_EQ(other_abi(kSet, head, kHeadSize, 0), 0);
	CHECK_EQ(ask().head, head);
	CHECK_SYS(syscall(SYS_get_robust_list, 0, &own_before, &size));
	CHECK(own_before);

	zdtm_checkpoint_here();

	CHECK_EQ(ask().head, head);
	CHECK_EQ(ask().size, kHeadSize);
	CHECK_SYS(syscall(SYS_get_robust_list, 0, &own_after, &size));
	CHECK(own_before == own_after);
	return zdtm_pass();
}
