// A vdso that may be written is refused by name, and may go on being written.
// rows: M4
// refused: kind=changed-vdso
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	unsigned long start, end;
	CHECK_EQ(zdtm_mappings_named("[vdso]", &start, &end), 1);
	CHECK_SYS(mprotect((void *)start, end - start, PROT_READ | PROT_WRITE | PROT_EXEC));

	zdtm_checkpoint_here();

	volatile char *const last = (char *)end - 1;
	*last = 'x';
	CHECK_EQ(*last, 'x');
	return zdtm_pass();
}
