// Memory in huge pages is refused by name, and keeps its content.
// rows: M8
// attr: needs=hugetlb
// refused: kind=hugetlb
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	// Pages of that size are only there if the machine's owner has set some aside.
	char *const area =
		mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (area == MAP_FAILED)
		zdtm_skip("hugetlb");
	zdtm_fill(area, 8192, 1);

	zdtm_checkpoint_here();

	CHECK(zdtm_filled(area, 8192, 1));
	return zdtm_pass();
}
