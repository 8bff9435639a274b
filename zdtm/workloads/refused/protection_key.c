// Memory with a protection key is refused by name, and stays protected.
// rows: M5 R3
// attr: needs=pku
// refused: kind=protection-key
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int key = NEEDS(pkey_alloc(0, PKEY_DISABLE_WRITE), "pku");
	char *const area = CHECK_SYS(
		mmap(NULL, zdtm_page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	CHECK_SYS(pkey_mprotect(area, zdtm_page(), PROT_READ | PROT_WRITE, key));

	zdtm_checkpoint_here();

	const int zero = CHECK_SYS(open("/dev/zero", O_RDONLY));
	CHECK_ERRNO(read(zero, area, 1), EFAULT);
	CHECK_SYS(pkey_set(key, 0));
	CHECK_EQ(read(zero, area, 1), 1);
	return zdtm_pass();
}
