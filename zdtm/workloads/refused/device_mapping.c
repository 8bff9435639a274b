// A mapping of a device is refused by name, also when no descriptor of the device is left.
// rows: F5 M1
// attr: needs=block_device
// refused: kind=device-mapping
#include "disk.h"

// Asked of the kernel: the device may have no medium whose bytes could be compared.
static bool maps(const void *area, const struct stat *device)
{
	char path[64];
	struct stat mapped;
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)area,
		 (unsigned long)area + zdtm_page());
	CHECK_SYS(stat(path, &mapped));
	return S_ISBLK(mapped.st_mode) && mapped.st_rdev == device->st_rdev;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = NEEDS(zdtm_open_any_disk(), "block device");
	struct stat device;
	CHECK_SYS(fstat(fd, &device));
	void *const area = CHECK_SYS(mmap(NULL, zdtm_page(), PROT_READ, MAP_PRIVATE, fd, 0));
	CHECK_SYS(close(fd));

	zdtm_checkpoint_here();

	CHECK(maps(area, &device));
	return zdtm_pass();
}
