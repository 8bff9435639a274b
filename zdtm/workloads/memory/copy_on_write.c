// After a fork each relative has its own copy of what it wrote and the common content of the rest.
// rows: M1 M3
#include "zdtm.h"

enum { kPages = 64, kGenerations = 4 };
static unsigned char *area;

static void check(int generation)
{
	// Page n was last written by the generation below or equal to ours that writes it.
	for (int n = 0; n < kPages; n++) {
		int writer = 0;
		for (int g = 1; g <= generation; g++)
			if (n % (g + 1) == 0)
				writer = g;
		CHECK(zdtm_filled(area + n * zdtm_page(), zdtm_page(), writer * 1000 + n));
	}
}

static int generation(void *arg)
{
	const int mine = *(int *)arg;
	if (mine)
		for (int n = 0; n < kPages; n += mine + 1)
			zdtm_fill(area + n * zdtm_page(), zdtm_page(), mine * 1000 + n);
	int next = mine + 1;
	const pid_t child = next < kGenerations ? zdtm_spawn(generation, &next) : 0;

	zdtm_checkpoint_here();

	check(mine);
	memset(area, mine, zdtm_page()); // still nobody else's
	if (child)
		zdtm_join(child);
	for (size_t i = 0; i < zdtm_page(); i++)
		CHECK_EQ(area[i], mine);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	area = CHECK_SYS(
		mmap(NULL, kPages * zdtm_page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (int n = 0; n < kPages; n++)
		zdtm_fill(area + n * zdtm_page(), zdtm_page(), n);
	int first = 0;
	return generation(&first);
}
