// A task in a landlock domain that only keeps signals inside is refused by name, and stays restricted.
// rows: F7
// attr: needs=landlock-scope
// refused: kind=landlock
#include "zdtm.h"

#include <signal.h>

// struct landlock_ruleset_attr as of Linux 6.12.
struct ruleset {
	uint64_t handled_access_fs, handled_access_net, scoped;
};
#define SCOPE_SIGNAL 2 // LANDLOCK_SCOPE_SIGNAL

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const struct ruleset attr = {.scoped = SCOPE_SIGNAL};
	const int fd = NEEDS(syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0), "landlock-scope");
	CHECK_SYS(
		syscall(SYS_landlock_restrict_self, fd, 0)); // with CAP_SYS_ADMIN no_new_privs is not needed
	CHECK_SYS(close(fd));

	zdtm_checkpoint_here();

	CHECK_ERRNO(kill(getppid(), 0), EPERM);
	return zdtm_pass();
}
