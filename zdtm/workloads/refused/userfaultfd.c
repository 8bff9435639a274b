// A userfaultfd with a registered range is refused by name, and goes on handling faults.
// rows: M10
// attr: needs=userfaultfd
// refused: kind=userfaultfd
#include "zdtm.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	const int fd = NEEDS(syscall(SYS_userfaultfd, O_CLOEXEC), "userfaultfd");
	struct uffdio_api api = {.api = UFFD_API};
	CHECK_SYS(ioctl(fd, UFFDIO_API, &api));
	char *const area =
		CHECK_SYS(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct uffdio_register range = {.range = {(uintptr_t)area, page},
					.mode = UFFDIO_REGISTER_MODE_MISSING};
	CHECK_SYS(ioctl(fd, UFFDIO_REGISTER, &range));

	zdtm_checkpoint_here();

	char *const source = calloc(1, page);
	strcpy(source, "filled in");
	struct uffdio_copy copy = {.dst = (uintptr_t)area, .src = (uintptr_t)source, .len = page};
	CHECK_SYS(ioctl(fd, UFFDIO_COPY, &copy));
	CHECK(strcmp(area, "filled in") == 0);
	return zdtm_pass();
}
