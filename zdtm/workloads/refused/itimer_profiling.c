// An interval timer (ITIMER_PROF) is refused by name, and goes on running.
// rows: C1
// refused: kind=itimer
#include "zdtm.h"

#include <sys/time.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const struct itimerval far = {.it_value = {5000, 0}, .it_interval = {7, 0}};
	CHECK_SYS(setitimer(ITIMER_PROF, &far, NULL));

	zdtm_checkpoint_here();

	struct itimerval now;
	CHECK_SYS(getitimer(ITIMER_PROF, &now));
	CHECK(now.it_value.tv_sec > 0 && now.it_value.tv_sec <= 5000);
	CHECK_EQ(now.it_interval.tv_sec, 7);
	return zdtm_pass();
}
