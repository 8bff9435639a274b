// An open file of /proc is refused by name, and still shows this task.
// rows: F5
// refused: kind=proc-file
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = CHECK_SYS(open("/proc/self/mem", O_RDWR));

	zdtm_checkpoint_here();

	static char target = 'a';
	CHECK_EQ(pwrite(fd, "b", 1, (off_t)(uintptr_t)&target), 1);
	CHECK_EQ(*(volatile char *)&target, 'b');
	return zdtm_pass();
}
