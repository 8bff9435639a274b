// A device with state behind it is refused by name.
// rows: F5
// attr: needs=/dev/kmsg
// refused: kind=device
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = NEEDS(open("/dev/kmsg", O_RDONLY | O_NONBLOCK), "/dev/kmsg");

	zdtm_checkpoint_here();

	char text[8192];
	const ssize_t n = read(fd, text, sizeof(text));
	CHECK(n > 0 || errno == EAGAIN || errno == EPIPE);
	return zdtm_pass();
}
