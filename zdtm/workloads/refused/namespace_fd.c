// An open namespace is refused by name, and can still be entered.
// rows: F5 X1
// refused: kind=namespace-fd
#include "zdtm.h"

#include <sched.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = CHECK_SYS(open("/proc/self/ns/uts", O_RDONLY));

	zdtm_checkpoint_here();

	CHECK_SYS(setns(fd, CLONE_NEWUTS));
	return zdtm_pass();
}
