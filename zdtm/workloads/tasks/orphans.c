// A subreaper stays one: orphans from before stay its children, orphans made later become its children.
// rows: T2
#include "zdtm.h"

static int grandchild(void *arg)
{
	const int *report = arg;
	const pid_t self = getpid();
	zdtm_put(report[1], &self, sizeof(self));
	CHECK_SYS(close(report[0]));
	CHECK_SYS(close(report[1]));
	zdtm_checkpoint_here();
	return zdtm_pass();
}

// A child that ends and leaves a grandchild; returns the grandchild.
static pid_t leave_orphan(void)
{
	int report[2];
	CHECK_SYS(pipe(report));
	const pid_t middle = CHECK_SYS(fork());
	if (middle == 0) {
		zdtm_spawn(grandchild, report);
		_exit(5);
	}
	pid_t orphan;
	int status;
	zdtm_get(report[0], &orphan, sizeof(orphan));
	CHECK_EQ(waitpid(middle, &status, 0), middle);
	CHECK_EQ(WEXITSTATUS(status), 5);
	CHECK_SYS(close(report[0]));
	CHECK_SYS(close(report[1]));
	return orphan;
}

static int reaper(void *arg)
{
	(void)arg;
	int value = -1;
	CHECK_SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	const pid_t early = leave_orphan();

	zdtm_checkpoint_here();

	CHECK_SYS(prctl(PR_GET_CHILD_SUBREAPER, &value));
	CHECK_EQ(value, 1);
	const pid_t late = leave_orphan();
	zdtm_join(late);
	zdtm_join(early);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	const pid_t orphan = leave_orphan();
	const pid_t below = zdtm_spawn(reaper, NULL);

	zdtm_checkpoint_here();

	zdtm_join(below);
	zdtm_join(orphan);
	const pid_t late = leave_orphan();
	zdtm_join(late);
	return zdtm_pass();
}
