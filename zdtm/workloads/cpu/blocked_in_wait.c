// Threads waiting for children in wait4 and waitid get the child that ends after the checkpoint.
// rows: R5 T2
// attr: threads
#include "blocked.h"

enum { kWaits = 3 };
static pid_t children[kWaits];

static int child(void *arg)
{
	zdtm_checkpoint_here();
	return *(int *)arg;
}

static void waits_for_pid(void)
{
	int status;
	CHECK_EQ(wait4(children[0], &status, 0, NULL), children[0]);
	CHECK_EQ(status, 10 << 8);
}

static void waits_by_id(void)
{
	siginfo_t info;
	memset(&info, 0, sizeof(info));
	CHECK_EQ(waitid(P_PID, children[1], &info, WEXITED), 0);
	CHECK_EQ(info.si_pid, children[1]);
	CHECK_EQ(info.si_status, 11);
}

static void waits_for_group(void)
{
	int status;
	CHECK_EQ(waitpid(-children[2], &status, 0), children[2]);
	CHECK_EQ(status, 12 << 8);
}

static int grouped_child(void *arg)
{
	CHECK_SYS(setpgid(0, 0));
	return child(arg);
}

static struct blocked all[kWaits] = {
	{.name = "wait4", .call = waits_for_pid},
	{.name = "waitid", .call = waits_by_id},
	{.name = "waitpid for a group", .call = waits_for_group},
};

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	for (int i = 0; i < kWaits; i++) {
		int code = 10 + i;
		children[i] = zdtm_spawn(i == 2 ? grouped_child : child, &code);
	}
	blocked_start(all, kWaits);

	zdtm_checkpoint_here();

	for (int i = kWaits - 1; i >= 0; i--)
		CHECK_SYS(kill(children[i], SIGUSR2));
	blocked_finish(all, kWaits, 0);
	return zdtm_pass();
}
