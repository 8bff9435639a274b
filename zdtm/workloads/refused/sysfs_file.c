// An open file of sysfs is refused by name.
// rows: F5
// attr: needs=sysfs
// refused: kind=pseudo-file
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = NEEDS(open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY), "sysfs");

	zdtm_checkpoint_here();

	char text[64];
	CHECK(read(fd, text, sizeof(text)) > 0);
	return zdtm_pass();
}
