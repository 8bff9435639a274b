// A personality of bits that have no meaning yet, which the kernel takes unseen, is refused by name.
// rows: T8
// refused: kind=invalid-state
#include "zdtm.h"

#include <sys/personality.h>

enum { kNobodyKnows = 0x10000000 };

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int before = CHECK_SYS(personality(0xffffffff));
	CHECK_SYS(personality(before | kNobodyKnows));

	zdtm_checkpoint_here();

	CHECK_EQ(personality(0xffffffff), before | kNobodyKnows);
	return zdtm_pass();
}
