// A vdso in which a byte was changed is refused by name, and keeps that byte.
// rows: M4
// refused: kind=changed-vdso
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	unsigned long start, end;
	CHECK_EQ(zdtm_mappings_named("[vdso]", &start, &end), 1);
	CHECK_SYS(mprotect((void *)start, end - start, PROT_READ | PROT_WRITE | PROT_EXEC));
	volatile char *const last = (char *)end - 1; // no code lies there
	const char patched = *last ^ 1;
	*last = patched;
	CHECK_SYS(mprotect((void *)start, end - start, PROT_READ | PROT_EXEC));

	zdtm_checkpoint_here();

	CHECK_EQ(*last, patched);
	return zdtm_pass();
}
