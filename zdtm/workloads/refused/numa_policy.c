// A task with a NUMA policy is refused by name, and keeps it.
// rows: T9
// attr: needs=numa
// refused: kind=numa-policy
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	enum { kBind = 2 };
	unsigned long nodes = 1;
	NEEDS(syscall(SYS_set_mempolicy, kBind, &nodes, 8 * sizeof(nodes)), "numa");

	zdtm_checkpoint_here();

	int policy = -1;
	CHECK_SYS(syscall(SYS_get_mempolicy, &policy, NULL, 0, NULL, 0));
	CHECK_EQ(policy, kBind);
	return zdtm_pass();
}
