// A zombie that left a core dump is refused by name, and still tells so.
// rows: T3
// attr: needs=core_dumps
// refused: kind=zombie-core
#include "zdtm.h"

#include <sys/resource.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t child = CHECK_SYS(fork());
	if (child == 0) {
		CHECK_SYS(setrlimit(RLIMIT_CORE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}));
		abort();
	}
	siginfo_t info = {0};
	CHECK_EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
	if (info.si_code != CLD_DUMPED)
		zdtm_skip("core dumps");

	zdtm_checkpoint_here();

	int status;
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK(WIFSIGNALED(status) && WCOREDUMP(status));
	return zdtm_pass();
}
