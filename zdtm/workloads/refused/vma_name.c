// A named mapping is refused by name.
// rows: M5
// attr: needs=vma_names
// refused: kind=vma-name
#include "zdtm.h"

#include <linux/prctl.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	char *const area = CHECK_SYS(
		mmap(NULL, zdtm_page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	NEEDS(prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, area, zdtm_page(), "a name"), "vma names");

	zdtm_checkpoint_here();

	char *const text = malloc(1 << 16);
	zdtm_slurp("/proc/self/maps", text, 1 << 16);
	CHECK(strstr(text, "[anon:a name]"));
	return zdtm_pass();
}
