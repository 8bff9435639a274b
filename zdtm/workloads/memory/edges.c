// Mappings at the lowest and the highest address that a task can have are kept, and so is the vdso's place.
// rows: M1 M4
#include "zdtm.h"

#include <sys/auxv.h>

static char *low, *high;

// Goes down from the end of the address space to the first page that is free.
static char *highest(void)
{
	const size_t page = zdtm_page();
	uintptr_t at = sizeof(void *) == 8 ? (uintptr_t)0x7ffffffff000ull : (uintptr_t)0xffffe000u;
	for (int tries = 0; tries < 64; tries++) {
		at -= page;
		char *const got = mmap((void *)at, page, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (got != MAP_FAILED)
			return got;
	}
	FAIL("no free page near the end of the address space");
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	char text[64];
	zdtm_slurp("/proc/sys/vm/mmap_min_addr", text, sizeof(text));
	const uintptr_t lowest = strtoul(text, NULL, 10);
	low = CHECK_SYS(mmap((void *)(lowest ? lowest : page), page, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	high = highest();
	zdtm_fill(low, page, 1);
	zdtm_fill(high, page, 2);
	const char *const vdso = (const char *)getauxval(AT_SYSINFO_EHDR);
	CHECK(vdso && memcmp(vdso, "\177ELF", 4) == 0);

	zdtm_checkpoint_here();

	CHECK(zdtm_filled(low, page, 1));
	CHECK(zdtm_filled(high, page, 2));
	CHECK((const char *)getauxval(AT_SYSINFO_EHDR) == vdso);
	CHECK(memcmp(vdso, "\177ELF", 4) == 0);
	struct timespec now;
	CHECK_SYS(clock_gettime(CLOCK_MONOTONIC, &now));
	return zdtm_pass();
}
