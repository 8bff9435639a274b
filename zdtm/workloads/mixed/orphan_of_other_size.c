// An orphan of the other word size, in a session whose leader is gone, stays with the subreaper.
// rows: R1 T2
#include "zdtm.h"

static int orphan(int report)
{
	const pid_t self = getpid(), session = getsid(0);
	zdtm_put(report, &self, sizeof(self));
	CHECK_SYS(close(report));
	zdtm_checkpoint_here();
	CHECK_EQ(getsid(0), session);
	CHECK(session != self);
	CHECK_ERRNO(kill(session, 0), ESRCH);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	if (argc > 1)
		return orphan(atoi(argv[1]));
	int ends[2];
	char end[16];
	pid_t left;
	CHECK_SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	CHECK_SYS(pipe(ends));
	snprintf(end, sizeof(end), "%d", ends[1]);
	const pid_t leader = CHECK_SYS(fork());
	if (leader == 0) {
		CHECK_SYS(setsid());
		CHECK_SYS(close(ends[0]));
		zdtm_spawn_program(zdtm_twin(), end, NULL);
		_exit(0);
	}
	zdtm_get(ends[0], &left, sizeof(left));
	CHECK_SYS(close(ends[0]));
	CHECK_SYS(close(ends[1]));
	CHECK_EQ(waitpid(leader, NULL, 0), leader);

	zdtm_checkpoint_here();

	zdtm_join(left);
	return zdtm_pass();
}
