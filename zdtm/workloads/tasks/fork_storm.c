// A program that forks and reaps without a pause loses no child and meets no stranger.
// rows: T1 T2
// attr: loops
#include "zdtm.h"

enum { kAtOnce = 4 };

static int storm(void *arg)
{
	(void)arg;
	unsigned round = 0;
	while (zdtm_running()) {
		pid_t children[kAtOnce];
		for (int i = 0; i < kAtOnce; i++) {
			children[i] = CHECK_SYS(fork());
			if (children[i] == 0) {
				// A grandchild too, so that every depth is hit in the middle of a fork.
				const pid_t below = CHECK_SYS(fork());
				if (below == 0)
					_exit((round + i) & 0x7f);
				int status;
				CHECK_EQ(waitpid(below, &status, 0), below);
				_exit(WEXITSTATUS(status));
			}
		}
		for (int i = 0; i < kAtOnce; i++) {
			int status;
			CHECK_EQ(waitpid(children[i], &status, 0), children[i]);
			CHECK(WIFEXITED(status));
			CHECK_EQ(WEXITSTATUS(status), (round + i) & 0x7f);
		}
		round++;
	}
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	return storm(NULL);
}
