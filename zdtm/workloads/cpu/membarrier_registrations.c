// What each address space registered for membarrier(2) stays registered, and what it did not stays forbidden.
// rows: R4
// attr: needs=membarrier
#include "zdtm.h"

#include <linux/membarrier.h>

enum { kGetRegistrations = 1 << 9 }; // newer than the headers of Linux 6.1

static const struct {
	int registration, use; // a use that was not registered is an error, if there is one
} commands[] = {
	{MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED},
	{MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE},
	{MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ},
	{MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0},
};
enum { kCommands = sizeof(commands) / sizeof(commands[0]) };

static long membarrier(int command)
{
	return syscall(SYS_membarrier, command, 0, 0);
}

static void check(unsigned registered)
{
	for (int i = 0; i < kCommands; i++) {
		if (!commands[i].use)
			continue;
		if (registered >> i & 1)
			CHECK_SYS(membarrier(commands[i].use));
		else
			CHECK_ERRNO(membarrier(commands[i].use), EPERM);
	}
}

static int member(void *arg)
{
	const unsigned mine = *(const unsigned *)arg;
	for (int i = 0; i < kCommands; i++)
		if (mine >> i & 1)
			NEEDS(membarrier(commands[i].registration), "membarrier");
	check(mine);
	const long told = membarrier(kGetRegistrations); // an error before Linux 6.3

	zdtm_checkpoint_here();

	check(mine);
	CHECK_EQ(membarrier(kGetRegistrations), told);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	NEEDS(membarrier(MEMBARRIER_CMD_QUERY), "membarrier");
	// The second and third alone, because they show as the first, too, in what the kernel tells.
	static const unsigned sets[] = {0, 1, 2, 4, 8, 15};
	enum { kMembers = sizeof(sets) / sizeof(sets[0]) };
	pid_t members[kMembers];
	for (int i = 0; i < kMembers; i++)
		members[i] = zdtm_spawn(member, (void *)&sets[i]);

	zdtm_checkpoint_here();

	check(0);
	for (int i = 0; i < kMembers; i++)
		zdtm_join(members[i]);
	return zdtm_pass();
}
