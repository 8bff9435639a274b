// Positions beyond 4 GiB in a sparse file are kept.
// rows: F1 M1
#include "zdtm.h"

static const off_t kFar = ((off_t)5 << 30) + 12345, kVeryFar = (off_t)1 << 42;

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	char got[8];
	const int fd = CHECK_SYS(open("sparse", O_RDWR | O_CREAT | O_EXCL, 0600));
	CHECK_EQ(pwrite(fd, "far away", 8, kFar), 8);
	CHECK_EQ(lseek(fd, kFar, SEEK_SET), kFar);
	const int very = CHECK_SYS(open("sparse", O_RDONLY));
	CHECK_EQ(lseek(very, kVeryFar, SEEK_SET), kVeryFar);
	const off_t start = kFar & -(off_t)page;
	char *const map = CHECK_SYS(mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, start));

	zdtm_checkpoint_here();

	CHECK_EQ(lseek(very, 0, SEEK_CUR), kVeryFar);
	zdtm_get(fd, got, 8);
	CHECK(memcmp(got, "far away", 8) == 0);
	CHECK(memcmp(map + (kFar - start), "far away", 8) == 0);
	map[kFar - start] = 'F';
	CHECK_EQ(pread(fd, got, 1, kFar), 1);
	CHECK_EQ(got[0], 'F');
	struct stat info;
	CHECK_SYS(fstat(fd, &info));
	CHECK(info.st_blocks < 1000); // still sparse
	return zdtm_pass();
}
