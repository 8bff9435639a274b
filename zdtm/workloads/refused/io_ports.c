// A task that may use I/O ports is refused by name, and still may.
// rows: T10
// attr: needs=ioperm
// refused: kind=io-ports
#include "zdtm.h"

#include <sys/io.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	NEEDS(ioperm(0x80, 1, 1), "ioperm");

	zdtm_checkpoint_here();

	outb(0, 0x80); // the port that PCs keep for such delays
	return zdtm_pass();
}
