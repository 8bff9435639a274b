// An AIO context is refused by name, and goes on completing.
// rows: M10
// attr: needs=aio
// refused: kind=aio
#include "zdtm.h"

#include <linux/aio_abi.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	aio_context_t context = 0;
	NEEDS(syscall(SYS_io_setup, 4, &context), "aio");
	zdtm_spit("file", "content");
	const int fd = CHECK_SYS(open("file", O_RDONLY));

	zdtm_checkpoint_here();

	char text[8] = "";
	struct iocb request = {.aio_lio_opcode = IOCB_CMD_PREAD,
			       .aio_fildes = fd,
			       .aio_buf = (uintptr_t)text,
			       .aio_nbytes = 7};
	struct iocb *list[1] = {&request};
	struct io_event event;
	CHECK_EQ(syscall(SYS_io_submit, context, 1, list), 1);
	CHECK_EQ(syscall(SYS_io_getevents, context, 1, 1, &event, NULL), 1);
	CHECK(strcmp(text, "content") == 0);
	return zdtm_pass();
}
