// PAGEMAP_SCAN tells exactly which pages of a mapping were touched.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

// From linux/fs.h of Linux 6.7; the build machine's headers may be older.
struct page_region {
	uint64_t start, end, categories;
};
struct pm_scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define PAGEMAP_SCAN _IOWR('f', 16, struct pm_scan_arg)
#define PAGE_IS_PRESENT (1 << 3)

int main(void)
{
	char *base = mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(base, 16 * 4096, MADV_NOHUGEPAGE);
	base[3 * 4096] = base[4 * 4096] = base[9 * 4096] = 1;
	struct page_region found[4];
	memset(found, 0, sizeof(found));
	struct pm_scan_arg scan = {
		.size = sizeof(scan),
		.start = (uintptr_t)base,
		.end = (uintptr_t)base + 16 * 4096,
		.vec = (uintptr_t)found,
		.vec_len = 4,
		.category_mask = PAGE_IS_PRESENT,
		.return_mask = PAGE_IS_PRESENT,
	};
	if (ioctl(open("/proc/self/pagemap", O_RDONLY), PAGEMAP_SCAN, &scan) != 2)
		return 1;
	if (found[0].start != (uintptr_t)base + 3 * 4096 || found[0].end != (uintptr_t)base + 5 * 4096)
		return 2;
	if (found[1].start != (uintptr_t)base + 9 * 4096 || found[1].end != (uintptr_t)base + 10 * 4096)
		return 3;
	puts("ok");
	return 0;
}
