// Two thousand mappings with alternating protections are all there, with their content.
// rows: M1 M5 M6
#include "zdtm.h"

enum { kPages = 2000 };

static int protection(int i)
{
	static const int kinds[] = {PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC};
	return kinds[i % 4];
}

// How mappings that could be one are split is the kernel's affair; what each page allows is not.
static void check_protections(uintptr_t area)
{
	FILE *const maps = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 128], allowed[8];
	unsigned long from, to;
	int pages = 0;
	CHECK(maps);
	while (fgets(line, sizeof(line), maps)) {
		CHECK_EQ(sscanf(line, "%lx-%lx %7s", &from, &to, allowed), 3);
		for (; from < to && from < area + kPages * zdtm_page(); from += zdtm_page()) {
			if (from < area)
				continue;
			const int want = protection((from - area) / zdtm_page());
			CHECK_EQ(allowed[0] == 'r', (want & PROT_READ) != 0);
			CHECK_EQ(allowed[1] == 'w', (want & PROT_WRITE) != 0);
			CHECK_EQ(allowed[2] == 'x', (want & PROT_EXEC) != 0);
			CHECK_EQ(allowed[3], 'p');
			pages++;
		}
	}
	fclose(maps);
	CHECK_EQ(pages, kPages);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	char *const area = CHECK_SYS(
		mmap(NULL, kPages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (int i = 0; i < kPages; i++)
		memcpy(area + i * page, &i, sizeof(i));
	for (int i = 0; i < kPages; i++)
		CHECK_SYS(mprotect(area + i * page, page, protection(i)));
	check_protections((uintptr_t)area);

	zdtm_checkpoint_here();

	check_protections((uintptr_t)area);
	CHECK_SYS(mprotect(area, kPages * page, PROT_READ));
	for (int i = 0; i < kPages; i++)
		CHECK(memcmp(area + i * page, &i, sizeof(i)) == 0);
	return zdtm_pass();
}
