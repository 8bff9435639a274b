// A zombie that had another user is refused by name, and still tells whose it was.
// rows: T3 T7
// refused: kind=credentials
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t child = CHECK_SYS(fork());
	if (child == 0) {
		CHECK_SYS(setresuid(2001, 2001, 2001));
		_exit(3);
	}
	siginfo_t info = {0};
	CHECK_EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);

	zdtm_checkpoint_here();

	CHECK_EQ(waitid(P_PID, child, &info, WEXITED), 0);
	CHECK_EQ(info.si_uid, 2001);
	CHECK_EQ(info.si_status, 3);
	return zdtm_pass();
}
