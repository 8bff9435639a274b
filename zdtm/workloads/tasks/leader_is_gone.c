// Members keep the number of a process group and of a session whose leader has ended.
// rows: T2
#include "zdtm.h"

static pid_t gone_leader;

static int member(void *arg)
{
	(void)arg;
	CHECK_SYS(setpgid(0, gone_leader));
	zdtm_checkpoint_here();
	CHECK_EQ(getpgrp(), gone_leader);
	CHECK_ERRNO(kill(gone_leader, 0), ESRCH); // nobody has taken the number
	CHECK_SYS(kill(-gone_leader, 0));	  // but the group is there
	return zdtm_pass();
}

static int in_lost_session(void *arg)
{
	int *report = arg;
	const pid_t session = getsid(0);
	CHECK_EQ(session, getppid());
	const pid_t self = getpid();
	zdtm_put(report[1], &self, sizeof(self));
	CHECK_SYS(close(report[0]));
	CHECK_SYS(close(report[1]));

	zdtm_checkpoint_here();

	CHECK_EQ(getsid(0), session);
	CHECK_ERRNO(kill(session, 0), ESRCH);
	return zdtm_pass();
}

// Leaves a session behind whose only member is re-parented to the root, which is a subreaper.
static pid_t make_lost_session(void)
{
	int report[2];
	CHECK_SYS(pipe(report));
	const pid_t leader = CHECK_SYS(fork());
	if (leader == 0) {
		CHECK_SYS(setsid());
		zdtm_spawn(in_lost_session, report);
		_exit(0);
	}
	pid_t left;
	zdtm_get(report[0], &left, sizeof(left));
	CHECK_SYS(close(report[0]));
	CHECK_SYS(close(report[1]));
	CHECK_EQ(waitpid(leader, NULL, 0), leader);
	return left;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(prctl(PR_SET_CHILD_SUBREAPER, 1));
	const pid_t lost = make_lost_session();

	gone_leader = CHECK_SYS(fork());
	if (gone_leader == 0) {
		for (;;)
			pause();
	}
	CHECK_SYS(setpgid(gone_leader, gone_leader));
	const pid_t first = zdtm_spawn(member, NULL);
	const pid_t second = zdtm_spawn(member, NULL);
	CHECK_SYS(kill(gone_leader, SIGKILL));
	CHECK_EQ(waitpid(gone_leader, NULL, 0), gone_leader);

	zdtm_checkpoint_here();

	CHECK_EQ(getpgid(first), gone_leader);
	CHECK_EQ(getpgid(second), gone_leader);
	zdtm_join(first);
	zdtm_join(second);
	zdtm_join(lost);
	return zdtm_pass();
}
