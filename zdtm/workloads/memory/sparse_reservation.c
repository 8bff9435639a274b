// A huge reservation of which little was touched costs little and keeps that little.
// rows: M1 M5 M6
#include "zdtm.h"

// 1 TiB, or half a GiB where the address space has four; one page in each sixteenth.
enum { kParts = 16 };
static const size_t kPart = sizeof(void *) == 8 ? (size_t)1 << 36 : (size_t)1 << 25;

static long resident_pages(void)
{
	char text[128];
	long total, resident;
	zdtm_slurp("/proc/self/statm", text, sizeof(text));
	CHECK_EQ(sscanf(text, "%ld %ld", &total, &resident), 2);
	return resident;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	char *const area = CHECK_SYS(mmap(NULL, kParts * kPart, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	char *const none =
		CHECK_SYS(mmap(NULL, kParts * kPart, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	// Without huge pages, or each touch would cost two MiB.
	const bool huge_off = madvise(area, kParts * kPart, MADV_NOHUGEPAGE) == 0;
	for (int i = 0; i < kParts; i++)
		zdtm_fill(area + i * kPart + i * 7 * page, page, i);

	zdtm_checkpoint_here();

	for (int i = 0; i < kParts; i++)
		CHECK(zdtm_filled(area + i * kPart + i * 7 * page, page, i));
	CHECK(zdtm_vm_flag(area, "nr"));
	if (huge_off)
		CHECK(resident_pages() * (long)page < 64 << 20);
	CHECK_EQ(area[3 * kPart - 1], 0);
	CHECK_SYS(mprotect(none + kPart, page, PROT_READ | PROT_WRITE));
	CHECK_EQ(none[kPart], 0);
	return zdtm_pass();
}
