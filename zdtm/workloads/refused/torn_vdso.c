// A vdso whose data pages were unmapped is refused by name, and stays as it is.
// rows: M4
// refused: kind=torn-vdso
#include "zdtm.h"

static int line_of(const char *name, unsigned long *start, unsigned long *end)
{
	char line[512];
	int found = 0;
	FILE *const maps = fopen("/proc/self/maps", "r");
	CHECK(maps != NULL);
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, name) && sscanf(line, "%lx-%lx", start, end) == 2)
			found++;
	fclose(maps);
	return found;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	unsigned long start, end;
	CHECK(line_of("[vvar]", &start, &end) == 1);
	CHECK_SYS(munmap((void *)start, end - start));

	zdtm_checkpoint_here();

	CHECK(line_of("[vvar]", &start, &end) == 0);
	CHECK(line_of("[vdso]", &start, &end) == 1);
	return zdtm_pass();
}
