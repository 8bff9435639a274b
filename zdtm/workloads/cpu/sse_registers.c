// Every SSE register holds what it held.
// rows: R3
// attr: threads grid
#include "spin.h"

#define FIRST 0x20000000
#define SECOND 0x20010000
#ifdef __x86_64__
#define NUMBERS "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
enum { kRegisters = 16 };
#else
#define NUMBERS "0,1,2,3,4,5,6,7"
enum { kRegisters = 8 };
#endif
enum { kWidth = 16 };
#define WIDTH "16"

// Loads all, spins, stores all. Two threads hold different values, so that one thread's are never the other's.
// clang-format off
#define SPINNER(name, base)                                                                     \
	void *name(void *);                                                                     \
	asm(".text\n" #name ":\n.set at, " SPIN_AT(base, SPIN_IN) "\n"                          \
	    ".irp n," NUMBERS "\nmovdqu at, %xmm\\n\n.set at, at + " WIDTH "\n.endr\n"       \
	    "movl $1, " SPIN_AT(base, SPIN_HERE) "\n"                                           \
	    "1: pause\ncmpl $0, " SPIN_AT(base, SPIN_GO) "\nje 1b\n"                           \
	    ".set at, " SPIN_AT(base, SPIN_OUT) "\n"                                            \
	    ".irp n," NUMBERS "\nmovdqu %xmm\\n, at\n.set at, at + " WIDTH "\n.endr\n"       \
	    "ret\n")
// clang-format on

SPINNER(spin_first, FIRST);
SPINNER(spin_second, SECOND);

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	spin_map(FIRST);
	spin_map(SECOND);
	zdtm_fill((void *)FIRST, kRegisters * kWidth, 21);
	zdtm_fill((void *)SECOND, kRegisters * kWidth, 22);
	const pthread_t first = spin_start(spin_first, FIRST), second = spin_start(spin_second, SECOND);

	zdtm_checkpoint_here();

	spin_stop(first, FIRST);
	spin_stop(second, SECOND);
	CHECK(zdtm_filled((void *)(FIRST + SPIN_OUT), kRegisters * kWidth, 21));
	CHECK(zdtm_filled((void *)(SECOND + SPIN_OUT), kRegisters * kWidth, 22));
	return zdtm_pass();
}
