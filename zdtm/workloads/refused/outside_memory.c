// Shared anonymous memory that a process outside the tree maps is refused by name, and stays shared.
// rows: M1 M2
// refused: kind=outside-memory
#include "zdtm.h"

static _Noreturn void stranger(_Atomic uint32_t *word)
{
	zdtm_futex_wait_while(word, 0);
	zdtm_futex_set(word, 2);
	_exit(0);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	_Atomic uint32_t *const word = zdtm_shared_memory(zdtm_page());
	const pid_t middle = CHECK_SYS(fork());
	if (middle == 0) {
		if (fork() == 0)
			stranger(word);
		_exit(0); // and the stranger is adopted by init, which is not one of us
	}
	CHECK_EQ(waitpid(middle, NULL, 0), middle);

	zdtm_checkpoint_here();

	zdtm_futex_set(word, 1);
	zdtm_futex_wait_while(word, 1);
	CHECK_EQ(atomic_load(word), 2);
	return zdtm_pass();
}
