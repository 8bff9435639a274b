// A POSIX timer is refused by name, and goes on running.
// rows: C1
// refused: kind=posix-timer
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	timer_t timer;
	const struct itimerspec far = {.it_value = {5000, 0}, .it_interval = {7, 0}};
	CHECK_SYS(timer_create(CLOCK_MONOTONIC, NULL, &timer));
	CHECK_SYS(timer_settime(timer, 0, &far, NULL));

	zdtm_checkpoint_here();

	struct itimerspec now;
	CHECK_SYS(timer_gettime(timer, &now));
	CHECK(now.it_value.tv_sec > 0 && now.it_interval.tv_sec == 7);
	return zdtm_pass();
}
