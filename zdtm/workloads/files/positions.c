// Open files keep their position, their mode and their flags.
// rows: F1
// attr: grid
#include "zdtm.h"

struct opened {
	const char *name;
	int flags;
	off_t position;
	int fd, found;
};

static struct opened all[] = {
	{"a", O_RDONLY, 0, -1, 0},
	{"a", O_RDONLY, 7, -1, 0},
	{"a", O_WRONLY, 50, -1, 0},
	{"a", O_RDWR, 100, -1, 0},
	{"a", O_RDWR | O_APPEND, 3, -1, 0},
	{"a", O_RDWR | O_NONBLOCK, 10000, -1, 0}, // far behind the end
	{"a", O_WRONLY | O_SYNC, 1, -1, 0},
	{"a", O_RDWR | O_DSYNC, 2, -1, 0},
	{"a", O_RDONLY | O_NOATIME, 4, -1, 0},
	{"b", O_RDWR | O_NOFOLLOW, 5, -1, 0},
	{"b", O_WRONLY | O_APPEND, 0, -1, 0},
};
enum { kCount = sizeof(all) / sizeof(all[0]), kSize = 200 };

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	char block[kSize], got[8];
	zdtm_fill(block, kSize, 1);
	for (int i = 0; i < 2; i++) {
		const int fd = CHECK_SYS(open(i ? "b" : "a", O_WRONLY | O_CREAT | O_EXCL, 0600));
		zdtm_put(fd, block, kSize);
		CHECK_SYS(close(fd));
	}
	for (int i = 0; i < kCount; i++) {
		all[i].fd = CHECK_SYS(open(all[i].name, all[i].flags));
		CHECK_EQ(lseek(all[i].fd, all[i].position, SEEK_SET), all[i].position);
		all[i].found = CHECK_SYS(fcntl(all[i].fd, F_GETFL));
	}
	// Opened without O_LARGEFILE, as an old 32-bit program does.
	const int small = CHECK_SYS(syscall(SYS_open, "a", O_RDWR & ~O_LARGEFILE));
	const int small_flags = CHECK_SYS(fcntl(small, F_GETFL));
	CHECK_SYS(chmod("b", 0)); // what is open stays open

	zdtm_checkpoint_here();

	CHECK_EQ(fcntl(small, F_GETFL), small_flags);
	for (int i = 0; i < kCount; i++) {
		const struct opened *one = &all[i];
		CHECK_EQ(fcntl(one->fd, F_GETFL), one->found);
		CHECK_EQ(lseek(one->fd, 0, SEEK_CUR), one->position);
		if ((one->flags & O_ACCMODE) == O_WRONLY) {
			CHECK_ERRNO(read(one->fd, got, 1), EBADF);
			continue;
		}
		if (one->position + 8 <= kSize) {
			zdtm_get(one->fd, got, 8);
			CHECK(memcmp(got, block + one->position, 8) == 0);
		}
		if ((one->flags & O_ACCMODE) == O_RDONLY)
			CHECK_ERRNO(write(one->fd, got, 1), EBADF);
	}
	zdtm_put(all[4].fd, "end", 3); // O_APPEND: wherever it stood
	CHECK_EQ(lseek(all[4].fd, 0, SEEK_CUR), kSize + 3);
	zdtm_put(all[5].fd, "gap", 3);
	CHECK_EQ(lseek(all[5].fd, 0, SEEK_END), 10003);
	return zdtm_pass();
}
