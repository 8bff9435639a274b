// A timerfd is refused by name, and goes on ticking.
// rows: C1
// refused: kind=timerfd
#include "zdtm.h"

#include <sys/timerfd.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = CHECK_SYS(timerfd_create(CLOCK_MONOTONIC, 0));
	const struct itimerspec every = {.it_interval = {0, 50000000}, .it_value = {0, 50000000}};
	CHECK_SYS(timerfd_settime(fd, 0, &every, NULL));

	zdtm_checkpoint_here();

	uint64_t ticks;
	CHECK_EQ(read(fd, &ticks, sizeof(ticks)), sizeof(ticks));
	CHECK(ticks >= 1);
	return zdtm_pass();
}
