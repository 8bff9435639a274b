// An eventfd is refused by name, and goes on counting.
// rows: F5
// refused: kind=eventfd
#include "zdtm.h"

#include <sys/eventfd.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = CHECK_SYS(eventfd(30, EFD_NONBLOCK));

	zdtm_checkpoint_here();

	uint64_t value;
	CHECK_EQ(read(fd, &value, sizeof(value)), sizeof(value));
	CHECK_EQ(value, 30);
	return zdtm_pass();
}
