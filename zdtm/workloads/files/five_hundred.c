// Five hundred descriptors of many files are all there, each with its own position.
// rows: F1 F2
#include "zdtm.h"

enum { kFiles = 50, kPerFile = 10 };

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	static int fds[kFiles][kPerFile];
	char name[32], block[64], got[4];
	for (int i = 0; i < kFiles; i++) {
		snprintf(name, sizeof(name), "file %d", i);
		zdtm_fill(block, sizeof(block), i);
		const int fd = CHECK_SYS(open(name, O_WRONLY | O_CREAT | O_EXCL, 0600));
		zdtm_put(fd, block, sizeof(block));
		CHECK_SYS(close(fd));
		for (int k = 0; k < kPerFile; k++) {
			fds[i][k] = CHECK_SYS(open(name, O_RDONLY));
			CHECK_SYS(lseek(fds[i][k], 5 * k, SEEK_SET));
		}
	}

	zdtm_checkpoint_here();

	for (int i = 0; i < kFiles; i++) {
		zdtm_fill(block, sizeof(block), i);
		for (int k = 0; k < kPerFile; k++) {
			zdtm_get(fds[i][k], got, 4);
			CHECK(memcmp(got, block + 5 * k, 4) == 0);
			CHECK_EQ(lseek(fds[i][k], 0, SEEK_CUR), 5 * k + 4);
		}
	}
	return zdtm_pass();
}
