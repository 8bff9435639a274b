// A task with a process keyring is refused by name, and keeps the key in it.
// rows: X3
// attr: needs=keyrings
// refused: kind=keyring
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	enum { kProcessKeyring = -2 };
	const long key =
		NEEDS(syscall(SYS_add_key, "user", "zdtm", "secret", 6, kProcessKeyring), "keyrings");

	zdtm_checkpoint_here();

	enum { kSearch = 10 };
	CHECK_EQ(syscall(SYS_keyctl, kSearch, kProcessKeyring, "user", "zdtm", 0), key);
	return zdtm_pass();
}
