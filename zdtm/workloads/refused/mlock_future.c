// A task whose future mappings are locked is refused by name, and they go on being locked.
// rows: M5
// refused: kind=mlock-future
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(mlockall(MCL_FUTURE));

	zdtm_checkpoint_here();

	char *const area = CHECK_SYS(
		mmap(NULL, zdtm_page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	CHECK(zdtm_vm_flag(area, "lo"));
	return zdtm_pass();
}
