// Sessions and process groups are kept, also by those who joined another's group.
// rows: T2
// attr: grid
#include "zdtm.h"

static int stays(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	return zdtm_pass();
}

static int leads_group(void *arg)
{
	(void)arg;
	CHECK_SYS(setpgid(0, 0));
	zdtm_checkpoint_here();
	CHECK_EQ(getpgrp(), getpid());
	CHECK_EQ(getsid(0), getppid());
	return zdtm_pass();
}

static int joins_group(void *arg)
{
	const pid_t group = *(pid_t *)arg;
	CHECK_SYS(setpgid(0, group));
	zdtm_checkpoint_here();
	CHECK_EQ(getpgrp(), group ? group : getpid());
	return zdtm_pass();
}

// A session of its own with a second group inside it.
static int leads_session(void *arg)
{
	(void)arg;
	CHECK_EQ(setsid(), getpid());
	const pid_t member = zdtm_spawn(stays, NULL);
	pid_t group = 0; // setpgid(0, 0) makes a new one
	const pid_t job = zdtm_spawn(joins_group, &group);
	group = job;
	const pid_t second = zdtm_spawn(joins_group, &group);

	zdtm_checkpoint_here();

	CHECK_EQ(getsid(0), getpid());
	CHECK_EQ(getsid(member), getpid());
	CHECK_EQ(getpgid(member), getpid());
	CHECK_EQ(getsid(job), getpid());
	CHECK_EQ(getpgid(job), job);
	CHECK_EQ(getpgid(second), job);
	CHECK_SYS(kill(-job, 0));
	zdtm_join(second);
	CHECK_SYS(kill(job, SIGUSR2));
	int status;
	CHECK_EQ(waitpid(-job, &status, 0), job); // waiting for a whole group finds it
	CHECK_EQ(status, 0);
	zdtm_join(member);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t leader = zdtm_spawn(leads_group, NULL);
	pid_t group = leader;
	const pid_t follower = zdtm_spawn(joins_group, &group);
	const pid_t apart = zdtm_spawn(leads_session, NULL);
	const pid_t session = getsid(0);

	zdtm_checkpoint_here();

	CHECK_EQ(getsid(leader), session);
	CHECK_EQ(getpgid(follower), leader);
	CHECK_EQ(getsid(apart), apart);
	CHECK_ERRNO(setpgid(apart, getpgrp()), EPERM); // a session leader cannot be moved
	zdtm_join(follower);
	zdtm_join(leader);
	zdtm_join(apart);
	return zdtm_pass();
}
