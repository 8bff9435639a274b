// A task keeps its root directory, also when its current directory is below it or outside of it.
// rows: T8
#include "zdtm.h"

static int inside(void *arg)
{
	(void)arg;
	char where[PATH_MAX];
	CHECK_SYS(chroot("jail"));
	CHECK_SYS(chdir("/cell"));
	zdtm_checkpoint_here();
	CHECK(getcwd(where, sizeof(where)));
	CHECK(strcmp(where, "/cell") == 0);
	CHECK_SYS(access("/only-in-jail", F_OK));
	CHECK_SYS(chdir("/"));
	CHECK_SYS(chdir("..")); // the root of the jail is its own parent
	CHECK_SYS(access("only-in-jail", F_OK));
	CHECK_ERRNO(access("/proc/self", F_OK), ENOENT);
	return zdtm_pass();
}

static int outside(void *arg)
{
	(void)arg;
	CHECK_SYS(chroot("jail")); // and the current directory stays above it
	zdtm_checkpoint_here();
	CHECK_SYS(access("beside-the-jail", F_OK));
	CHECK_SYS(access("/only-in-jail", F_OK));
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(mkdir("jail", 0755));
	CHECK_SYS(mkdir("jail/cell", 0755));
	zdtm_spit("jail/only-in-jail", "");
	zdtm_spit("beside-the-jail", "");
	const pid_t jailed = zdtm_spawn(inside, NULL);
	const pid_t half = zdtm_spawn(outside, NULL);

	zdtm_checkpoint_here();

	zdtm_join(jailed);
	zdtm_join(half);
	CHECK_ERRNO(access("/only-in-jail", F_OK), ENOENT);
	return zdtm_pass();
}
