// Every general register and the arithmetic flags, the direction flag too, are the same after the checkpoint.
// rows: R1 R7
// attr: threads grid
#include "spin.h"

#define FIRST 0x20000000
#define SECOND 0x20010000

// `in` loads and `out` stores all registers but the stack pointer; the polled word changes flags in the first
// variant, so a second one polls with JCXZ, which changes none, and spends the counter register on it.
#ifdef __x86_64__
#define NAMES "rax,rcx,rdx,rbx,rbp,rsi,rdi,r8,r9,r10,r11,r12,r13,r14,r15"
enum { kRegisters = 15, kCounter = 1 };
#define WORD "8"
#define PUSHES "push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\n"
#define POPS "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\n"
#define PUSHF "pushfq\n"
#define POPF "popfq\n"
#define PUSH "pushq "
#define POP "popq "
#else
#define NAMES "eax,ecx,edx,ebx,ebp,esi,edi"
enum { kRegisters = 7, kCounter = 1 };
#define WORD "4"
#define PUSHES "push %ebx\npush %ebp\npush %esi\npush %edi\n"
#define POPS "pop %edi\npop %esi\npop %ebp\npop %ebx\n"
#define PUSHF "pushfl\n"
#define POPF "popfl\n"
#define PUSH "pushl "
#define POP "popl "
#endif

#define FLAGS 0x800
// clang-format off
#define SPINNER(name, base, wait)                                                              \
	void *name(void *);                                                                    \
	asm(".text\n" #name ":\n" PUSHES                                                         \
	    PUSH SPIN_AT(base, FLAGS) "\n" POPF                                                \
	    ".set at, " SPIN_AT(base, SPIN_IN) "\n"                                            \
	    ".irp r," NAMES "\nmov at, %\\r\n.set at, at + " WORD "\n.endr\n"                  \
	    "movl $1, " SPIN_AT(base, SPIN_HERE) "\n"                                          \
	    "1:\n" wait                                                                        \
	    ".set at, " SPIN_AT(base, SPIN_OUT) "\n"                                           \
	    ".irp r," NAMES "\nmov %\\r, at\n.set at, at + " WORD "\n.endr\n"                  \
	    PUSHF POP SPIN_AT(base, SPIN_OUT) "+" SPIN_STR(FLAGS) "\ncld\n"                     \
	    POPS "ret\n")
// clang-format on

SPINNER(spin_compare, FIRST, "pause\ncmpl $0, " SPIN_AT(FIRST, SPIN_GO) "\nje 1b\n");
SPINNER(spin_flags, SECOND, "movl " SPIN_AT(SECOND, SPIN_GO) ", %ecx\njecxz 1b\n");

// Carry, parity, adjust, zero, sign, direction, overflow.
enum { kFlags = 0xcd5 };

static void compare(uintptr_t base, bool all)
{
	const unsigned long *in = (void *)(base + SPIN_IN), *out = (void *)(base + SPIN_OUT);
	for (int i = 0; i < kRegisters; i++)
		if ((all || i != kCounter) && in[i] != out[i])
			FAIL("register %d holds %#lx instead of %#lx", i, out[i], in[i]);
}

static unsigned long *flags(uintptr_t base)
{
	return (unsigned long *)(base + FLAGS);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	spin_map(FIRST);
	spin_map(SECOND);
	zdtm_fill((void *)FIRST, kRegisters * sizeof(long), 11);
	zdtm_fill((void *)SECOND, kRegisters * sizeof(long), 12);
	*flags(FIRST) = 0x202;
	*flags(SECOND) = 0x202 | kFlags;
	const pthread_t first = spin_start(spin_compare, FIRST), second = spin_start(spin_flags, SECOND);

	zdtm_checkpoint_here();

	spin_stop(first, FIRST);
	spin_stop(second, SECOND);
	compare(FIRST, true);
	compare(SECOND, false);
	CHECK_EQ(*flags(SECOND + SPIN_OUT) & kFlags, kFlags);
	return zdtm_pass();
}
