// A child that denies itself writable code is refused by name, and goes on denying it.
// rows: T10
// attr: needs=mdwe
// refused: kind=mdwe
#include "zdtm.h"

static int changed(void *arg)
{
	(void)arg;
	enum { kSetMdwe = 65, kRefuseExecGain = 1 };
	NEEDS(prctl(kSetMdwe, kRefuseExecGain, 0, 0, 0), "mdwe");
	zdtm_checkpoint_here();
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	      MAP_FAILED);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t child = zdtm_spawn(changed, NULL);

	zdtm_checkpoint_here();

	zdtm_join(child);
	return zdtm_pass();
}
