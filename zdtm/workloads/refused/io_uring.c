// An io_uring is refused by name, and goes on completing.
// rows: M10
// attr: needs=io_uring
// refused: kind=io_uring
#include "zdtm.h"

#include <linux/io_uring.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct io_uring_params params;
	memset(&params, 0, sizeof(params));
	const int fd = NEEDS(syscall(SYS_io_uring_setup, 4, &params), "io_uring");
	char *const ring =
		CHECK_SYS(mmap(NULL, params.sq_off.array + params.sq_entries * 4, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING));
	struct io_uring_sqe *const requests =
		CHECK_SYS(mmap(NULL, params.sq_entries * sizeof(*requests), PROT_READ | PROT_WRITE,
			       MAP_SHARED, fd, IORING_OFF_SQES));

	zdtm_checkpoint_here();

	memset(requests, 0, sizeof(*requests));
	requests->opcode = IORING_OP_NOP;
	*(uint32_t *)(ring + params.sq_off.array) = 0;
	atomic_store((_Atomic uint32_t *)(ring + params.sq_off.tail), 1);
	CHECK_EQ(syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), 1);
	return zdtm_pass();
}
