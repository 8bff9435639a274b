// A task whose stack pointer points to no memory at all is carried like any other.
// rows: R1
// attr: threads
#include "spin.h"

#define BASE 0x20000000

// Goroutines and hand-made stacks are legal: nothing may be written below, or through, a stack pointer.
void *spin_without_stack(void *);
// clang-format off
#ifdef __x86_64__
asm(".text\nspin_without_stack:\nmov %rsp, " SPIN_AT(BASE, SPIN_SAVED) "\nmov $0x7ead0000, %rsp\n"
    "movl $1, " SPIN_AT(BASE, SPIN_HERE) "\n1: pause\ncmpl $0, " SPIN_AT(BASE, SPIN_GO) "\nje 1b\n"
    "mov %rsp, " SPIN_AT(BASE, SPIN_OUT) "\nmov " SPIN_AT(BASE, SPIN_SAVED) ", %rsp\nret\n");
#else
asm(".text\nspin_without_stack:\nmov %esp, " SPIN_AT(BASE, SPIN_SAVED) "\nmov $0x7ead0000, %esp\n"
    "movl $1, " SPIN_AT(BASE, SPIN_HERE) "\n1: pause\ncmpl $0, " SPIN_AT(BASE, SPIN_GO) "\nje 1b\n"
    "mov %esp, " SPIN_AT(BASE, SPIN_OUT) "\nmov " SPIN_AT(BASE, SPIN_SAVED) ", %esp\nret\n");
#endif
// clang-format on

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	spin_map(BASE);
	// The address of the lost stack is free, or the program would prove nothing.
	CHECK_ERRNO(msync((void *)0x7eac0000, 0x20000, MS_ASYNC), ENOMEM);
	const pthread_t thread = spin_start(spin_without_stack, BASE);

	zdtm_checkpoint_here();

	spin_stop(thread, BASE);
	CHECK_EQ(*spin_word(BASE, SPIN_OUT), 0x7ead0000);
	return zdtm_pass();
}
