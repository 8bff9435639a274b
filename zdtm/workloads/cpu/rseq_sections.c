// Counters incremented in restartable sequences lose nothing when the checkpoint hits inside a section.
// rows: R4 R7
// attr: loops threads needs=rseq
#include "zdtm.h"

#include <sys/rseq.h>

enum { kThreads = 3, kCpus = 1024 };
static struct {
	uint64_t count;
	char apart[56];
} per_cpu[kCpus];
static atomic_bool stop;
static _Atomic uint64_t total;

// The descriptor of the section is a constant; its address is what arms it.
extern struct rseq_cs section;
asm(".pushsection .data.rel.ro, \"aw\"\n.balign 32\nsection: .long 0, 0\n"
#ifdef __x86_64__
    ".quad section_start, section_end - section_start, section_abort\n"
#else
    ".long section_start, 0, section_end - section_start, 0, section_abort, 0\n"
#endif
    ".popsection\n");

// Adds one to the counter of this CPU unless the section was interrupted; says whether it did. The count-down
// in the middle makes the section long enough to be hit.
static bool add_here(volatile struct rseq *area, uint32_t cpu, uint64_t *count)
{
	int done = 0;
	uint32_t spin = 200;
	asm volatile(
		"mov %[section], %[armed]\n"
		"section_start:\n"
		"cmpl %[cpu], %[current]\n jne 8f\n"
		"7: decl %[spin]\n jnz 7b\n"
		"addl $1, %[count]\n"
		"section_end:\n"
		"movl $1, %[done]\n jmp 8f\n"
		".byte 0x0f, 0xb9, 0x3d\n .long 0x53053053\n" // what the kernel wants to see before an abort
		"section_abort:\n"
		"8:\n"
		: [armed] "=m"(*(void *volatile *)&area->rseq_cs), [count] "+m"(*(uint32_t *)count),
		  [done] "+r"(done), [spin] "+r"(spin)
		: [section] "r"(&section), [cpu] "r"(cpu), [current] "m"(area->cpu_id)
		: "memory", "cc");
	return done;
}

static uint64_t some(volatile struct rseq *area)
{
	uint64_t done = 0;
	for (int i = 0; i < 200; i++) {
		const uint32_t cpu = area->cpu_id_start;
		CHECK(cpu < kCpus);
		done += add_here(area, cpu, &per_cpu[cpu].count);
	}
	return done;
}

static void *body(void *arg)
{
	volatile struct rseq *const area = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
	do
		atomic_fetch_add(&total, some(area));
	while (!atomic_load(&stop));
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	if (!__rseq_size)
		zdtm_skip("rseq");
	pthread_t threads[kThreads];
	for (int i = 0; i < kThreads; i++)
		threads[i] = zdtm_thread(body, NULL);
	volatile struct rseq *const area = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
	while (zdtm_running())
		atomic_fetch_add(&total, some(area));
	atomic_store(&stop, true);
	for (int i = 0; i < kThreads; i++)
		zdtm_join_thread(threads[i]);
	uint32_t sum = 0;
	for (int i = 0; i < kCpus; i++)
		sum += (uint32_t)per_cpu[i].count;
	CHECK(sum > 0);
	CHECK_EQ(sum, (uint32_t)atomic_load(&total));
	return zdtm_pass();
}
