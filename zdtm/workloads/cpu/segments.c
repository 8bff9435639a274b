// TLS slots of the GDT and segment bases are kept per thread, in 64-bit tasks too.
// rows: R2
// attr: threads
#include "zdtm.h"

#include <asm/ldt.h>
#include <asm/prctl.h>

enum { kThreads = 3 };
static _Atomic uint32_t ready, go;
static unsigned char *low; // below 4 GiB, where a descriptor can point to in both word sizes

// Through int $0x80 in both: only the 32-bit ABI has these calls.
static int thread_area(int number, struct user_desc *desc)
{
	int result;
	asm volatile("int $0x80" : "=a"(result) : "0"(number), "b"(desc) : "memory");
	return result;
}
enum { kSetThreadArea = 243, kGetThreadArea = 244 };

// The segment register that libc leaves alone.
#ifdef __x86_64__
#define SEGMENT "gs"
#else
#define SEGMENT "fs"
#endif

static uint32_t read_segment(void)
{
	uint32_t value;
	asm volatile("movl %%" SEGMENT ":0, %0" : "=r"(value));
	return value;
}

static void *uses_slot(void *arg)
{
	const uintptr_t number = (uintptr_t)arg;
	unsigned char *const mine = low + 4096 * (number + 1);
	struct user_desc *const desc = (void *)(mine + 2048), *const now = (void *)(mine + 3072);
	*(uint32_t *)mine = 0xabc00 + number;
	memset(desc, 0, sizeof(*desc));
	desc->entry_number = -1;
	desc->base_addr = (uintptr_t)mine;
	desc->limit = 0xfffff;
	desc->seg_32bit = desc->limit_in_pages = desc->useable = 1;
	CHECK_EQ(thread_area(kSetThreadArea, desc), 0);
	const uint16_t selector = desc->entry_number << 3 | 3;
	asm volatile("mov %0, %%" SEGMENT ::"r"(selector));

	atomic_fetch_add(&ready, 1);
	zdtm_futex_wait_while(&go, 0);

	uint16_t found;
	asm volatile("mov %%" SEGMENT ", %0" : "=r"(found));
	CHECK_EQ(found, selector);
	CHECK_EQ(read_segment(), 0xabc00 + number);
	memset(now, 0, sizeof(*now));
	now->entry_number = desc->entry_number;
	CHECK_EQ(thread_area(kGetThreadArea, now), 0);
	CHECK(memcmp(now, desc, sizeof(*now)) == 0);
	asm volatile("mov %0, %%" SEGMENT ::"r"((uint16_t)0));
	return NULL;
}

// A base that no descriptor can hold; a 32-bit task has only the slots.
static void *uses_base(void *arg)
{
#ifdef __x86_64__
	unsigned long base = 0;
	uint32_t *const far = CHECK_SYS(mmap((void *)0x123400000000, 4096, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	*far = 0x900d;
	CHECK_SYS(syscall(SYS_arch_prctl, ARCH_SET_GS, far));
#endif
	atomic_fetch_add(&ready, 1);
	zdtm_futex_wait_while(&go, 0);
#ifdef __x86_64__
	CHECK_EQ(read_segment(), 0x900d);
	CHECK_SYS(syscall(SYS_arch_prctl, ARCH_GET_GS, &base));
	CHECK_EQ(base, (uintptr_t)far);
	CHECK_SYS(syscall(SYS_arch_prctl, ARCH_SET_GS, 0));
#endif
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pthread_t threads[kThreads + 1];
	low = CHECK_SYS(mmap((void *)0x30000000, 4096 * (kThreads + 1), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	for (uintptr_t i = 0; i < kThreads; i++)
		threads[i] = zdtm_thread(uses_slot, (void *)i);
	threads[kThreads] = zdtm_thread(uses_base, NULL);
	while (atomic_load(&ready) <= kThreads)
		nanosleep(&(struct timespec){0, 1000000}, NULL);

	zdtm_checkpoint_here();

	zdtm_futex_set(&go, 1);
	for (int i = 0; i <= kThreads; i++)
		zdtm_join_thread(threads[i]);
	return zdtm_pass();
}
