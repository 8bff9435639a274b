// A vdso whose data pages were unmapped is refused by name, and stays as it is.
// rows: M4
// refused: kind=torn-vdso
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	unsigned long start, end;
	CHECK_EQ(zdtm_mappings_named("[vvar]", &start, &end), 1);
	CHECK_SYS(munmap((void *)start, end - start));

	zdtm_checkpoint_here();

	CHECK_EQ(zdtm_mappings_named("[vvar]", &start, &end), 0);
	CHECK_EQ(zdtm_mappings_named("[vdso]", &start, &end), 1);
	return zdtm_pass();
}
