// Tasks and threads made after the checkpoint get numbers of their own and work.
// rows: T2 R4
// attr: threads
#include "zdtm.h"

enum { kChildren = 8, kLater = 200 };

static int child(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	return zdtm_pass();
}

static void *body(void *arg)
{
	*(pid_t *)arg = zdtm_tid();
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pid_t children[kChildren];
	for (int i = 0; i < kChildren; i++)
		children[i] = zdtm_spawn(child, NULL);

	zdtm_checkpoint_here();

	for (int i = 0; i < kLater; i++) {
		pid_t fresh = 0;
		if (i % 2) {
			zdtm_join_thread(zdtm_thread(body, &fresh));
		} else {
			fresh = CHECK_SYS(fork());
			if (fresh == 0)
				_exit(getppid() == 0 ? 1 : i % 100);
			int status;
			CHECK_EQ(waitpid(fresh, &status, 0), fresh);
			CHECK_EQ(WEXITSTATUS(status), i % 100);
		}
		CHECK(fresh != getpid());
		for (int k = 0; k < kChildren; k++)
			CHECK(fresh != children[k]);
	}
	for (int i = 0; i < kChildren; i++)
		zdtm_join(children[i]);
	return zdtm_pass();
}
