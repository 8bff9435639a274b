// A task with a session keyring of its own is refused by name, and keeps the key in it.
// rows: X3
// attr: needs=keyrings
// refused: kind=keyring
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	enum { kJoinSession = 1, kSessionKeyring = -3 };
	NEEDS(syscall(SYS_keyctl, kJoinSession, "zdtm"), "keyrings");
	const long key = CHECK_SYS(syscall(SYS_add_key, "user", "zdtm", "secret", 6, kSessionKeyring));

	zdtm_checkpoint_here();

	enum { kSearch = 10 };
	CHECK_EQ(syscall(SYS_keyctl, kSearch, kSessionKeyring, "user", "zdtm", 0), key);
	return zdtm_pass();
}
