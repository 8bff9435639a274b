// A child that denies itself writable code hides neither what it has open nor what only its relatives can be asked.
// rows: T10 F5 C1
// attr: needs=mdwe
// refused: kind=eventfd kind=itimer kind=mdwe kind=thp-disable
#include "zdtm.h"

#include <sys/eventfd.h>
#include <sys/time.h>

static int denies(void *arg)
{
	(void)arg;
	enum { kSetMdwe = 65, kRefuseExecGain = 1 };
	const int fd = CHECK_SYS(eventfd(30, EFD_NONBLOCK));
	NEEDS(prctl(kSetMdwe, kRefuseExecGain, 0, 0, 0), "mdwe");
	zdtm_checkpoint_here();
	uint64_t value;
	CHECK_EQ(read(fd, &value, sizeof(value)), sizeof(value));
	return zdtm_pass();
}

static int has_no_huge_pages(void *arg)
{
	(void)arg;
	CHECK_SYS(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	zdtm_checkpoint_here();
	CHECK_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t one = zdtm_spawn(denies, NULL);
	const pid_t other = zdtm_spawn(has_no_huge_pages, NULL);
	const struct itimerval far = {.it_value = {5000, 0}};
	CHECK_SYS(setitimer(ITIMER_REAL, &far, NULL));

	zdtm_checkpoint_here();

	struct itimerval now;
	CHECK_SYS(getitimer(ITIMER_REAL, &now));
	CHECK(now.it_value.tv_sec > 0);
	zdtm_join(one);
	zdtm_join(other);
	return zdtm_pass();
}
