// Two thousand mappings with alternating protections are all there, with their content.
// rows: M1 M5 M6
#include "zdtm.h"

enum { kPages = 2000 };

static int protection(int i)
{
	static const int kinds[] = {PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC};
	return kinds[i % 4];
}

static int count_lines(void)
{
	char *const text = malloc(1 << 20);
	const size_t size = zdtm_slurp("/proc/self/maps", text, 1 << 20);
	int lines = 0;
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	free(text);
	return lines;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	free(malloc(1 << 20)); // what count_lines() uses is settled before
	char *const area = CHECK_SYS(
		mmap(NULL, kPages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (int i = 0; i < kPages; i++)
		memcpy(area + i * page, &i, sizeof(i));
	for (int i = 0; i < kPages; i++)
		CHECK_SYS(mprotect(area + i * page, page, protection(i)));
	const int before = count_lines();
	CHECK(before >= kPages);

	zdtm_checkpoint_here();

	CHECK_EQ(count_lines(), before);
	CHECK_SYS(mprotect(area, kPages * page, PROT_READ));
	for (int i = 0; i < kPages; i++)
		CHECK(memcmp(area + i * page, &i, sizeof(i)) == 0);
	return zdtm_pass();
}
