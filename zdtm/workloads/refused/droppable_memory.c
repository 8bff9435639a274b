// Memory that the kernel may drop is refused by name.
// rows: M5
// attr: needs=droppable_memory
// refused: kind=droppable-memory
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	enum { kMapDroppable = 8 }; // newer than libc 2.36
	char *const area =
		mmap(NULL, zdtm_page(), PROT_READ | PROT_WRITE, kMapDroppable | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		zdtm_skip("droppable memory");
	area[0] = 1;

	zdtm_checkpoint_here();

	CHECK(area[0] == 1 || area[0] == 0);
	CHECK(zdtm_vm_flag(area, "dp"));
	return zdtm_pass();
}
