// Double forks without a pause: every orphan arrives at the subreaper, with its status, exactly once.
// rows: T1 T2
// attr: loops
#include "zdtm.h"

// One round: a child forks an orphan and ends at once. Both are reaped here, in whatever order.
static void round_of(int code)
{
	const pid_t child = CHECK_SYS(fork());
	if (child == 0) {
		if (CHECK_SYS(fork()) == 0)
			_exit(code);
		_exit(100);
	}
	int orphans = 0, children = 0;
	for (int i = 0; i < 2; i++) {
		int status;
		const pid_t got = CHECK_SYS(waitpid(-1, &status, 0));
		CHECK(WIFEXITED(status));
		if (got == child) {
			CHECK_EQ(WEXITSTATUS(status), 100);
			children++;
			continue;
		}
		CHECK_EQ(WEXITSTATUS(status), code);
		orphans++;
	}
	CHECK_EQ(orphans, 1);
	CHECK_EQ(children, 1);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	unsigned round = 0;
	while (zdtm_running())
		round_of(round++ % 99);
	return zdtm_pass();
}
