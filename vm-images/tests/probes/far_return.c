// A far return in user mode pops address and segment from the user's stack; restorers change the word size by it.
#include <stdio.h>

int main(void)
{
	unsigned turns = 0;
	for (int i = 0; i < 1000; i++) {
#ifdef __x86_64__
		__asm__ volatile("sub $128, %%rsp\n\t" // below the red zone
				 "pushq $0x33\n\t"
				 "lea 1f(%%rip), %%rcx\n\t"
				 "pushq %%rcx\n\t"
				 "lretq\n"
				 "1:\tadd $128, %%rsp\n\t"
				 "incl %0"
				 : "+r"(turns)
				 :
				 : "rcx", "memory", "cc");
#else
		__asm__ volatile("call 2f\n"
				 "2:\tpopl %%ecx\n\t"
				 "addl $(1f - 2b), %%ecx\n\t"
				 "pushl $0x23\n\t"
				 "pushl %%ecx\n\t"
				 "lret\n"
				 "1:\tincl %0"
				 : "+r"(turns)
				 :
				 : "ecx", "memory", "cc");
#endif
	}
	puts(turns == 1000 ? "ok" : "wrong");
	return turns != 1000;
}
