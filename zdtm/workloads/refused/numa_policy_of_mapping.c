// A mapping with a NUMA policy is refused by name, and keeps it.
// rows: T9 M5
// attr: needs=numa
// refused: kind=numa-policy
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	enum { kBind = 2, kGetPolicyOfAddress = 2 };
	unsigned long nodes = 1;
	char *const area = CHECK_SYS(
		mmap(NULL, zdtm_page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	NEEDS(syscall(SYS_mbind, area, zdtm_page(), kBind, &nodes, 8 * sizeof(nodes), 0), "numa");

	zdtm_checkpoint_here();

	int policy = -1;
	CHECK_SYS(syscall(SYS_get_mempolicy, &policy, NULL, 0, area, kGetPolicyOfAddress));
	CHECK_EQ(policy, kBind);
	return zdtm_pass();
}
