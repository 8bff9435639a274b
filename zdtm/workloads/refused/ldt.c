// A task with entries in its local descriptor table is refused by name, and still uses them.
// rows: R2
// attr: needs=modify_ldt
// refused: kind=ldt
#include "zdtm.h"

#include <asm/ldt.h>

#ifdef __x86_64__
#define SEGMENT "gs"
#else
#define SEGMENT "fs"
#endif
static uint32_t *low;

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	low = CHECK_SYS(mmap((void *)0x30000000, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	*low = 0x1d7;
	struct user_desc desc = {.entry_number = 3,
				 .base_addr = (uintptr_t)low,
				 .limit = 0xfffff,
				 .seg_32bit = 1,
				 .limit_in_pages = 1,
				 .useable = 1};
	NEEDS(syscall(SYS_modify_ldt, 1, &desc, sizeof(desc)), "modify_ldt");

	zdtm_checkpoint_here();

	// Selector of entry 3 in the local table; the segment register is the one that libc leaves alone.
	uint32_t value = 0;
	asm volatile("mov %1, %%" SEGMENT "\nmovl %%" SEGMENT ":0, %0\nmov %2, %%" SEGMENT
		     : "=&r"(value)
		     : "r"((uint16_t)(3 << 3 | 7)), "r"((uint16_t)0));
	CHECK_EQ(value, 0x1d7);
	return zdtm_pass();
}
