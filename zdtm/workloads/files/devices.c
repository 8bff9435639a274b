// Descriptors of the memory devices behave as their device: null, zero, full, random, urandom.
// rows: F1 F5
#include "zdtm.h"

enum { kNull, kZero, kFull, kRandom, kUrandom, kCount };
static const char *const kPaths[kCount] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
					   "/dev/urandom"};
static const unsigned kMinor[kCount] = {3, 5, 7, 8, 9};
static int fds[kCount];

static void check(void)
{
	char block[16];
	CHECK_EQ(read(fds[kNull], block, 16), 0);
	CHECK_EQ(write(fds[kNull], block, 16), 16);
	memset(block, 1, 16);
	zdtm_get(fds[kZero], block, 16);
	for (int i = 0; i < 16; i++)
		CHECK_EQ(block[i], 0);
	CHECK_EQ(read(fds[kFull], block, 16), 16);
	CHECK_ERRNO(write(fds[kFull], block, 1), ENOSPC);
	for (int i = kRandom; i <= kUrandom; i++) {
		char other[16];
		zdtm_get(fds[i], block, 16);
		zdtm_get(fds[i], other, 16);
		CHECK(memcmp(block, other, 16));
		CHECK_ERRNO(write(fds[i], block, 1), EBADF); // opened for reading only
	}
	for (int i = 0; i < kCount; i++) {
		struct stat info;
		CHECK_SYS(fstat(fds[i], &info));
		CHECK(S_ISCHR(info.st_mode));
		CHECK_EQ(info.st_rdev, 1 << 8 | kMinor[i]);
	}
}

static int child(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	check();
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int flags[kCount];
	for (int i = 0; i < kCount; i++) {
		fds[i] = CHECK_SYS(open(kPaths[i], i < kRandom ? O_RDWR | O_NONBLOCK : O_RDONLY));
		flags[i] = CHECK_SYS(fcntl(fds[i], F_GETFL));
	}
	const pid_t relative = zdtm_spawn(child, NULL);

	zdtm_checkpoint_here();

	check();
	for (int i = 0; i < kCount; i++)
		CHECK_EQ(fcntl(fds[i], F_GETFL), flags[i]);
	zdtm_join(relative);
	return zdtm_pass();
}
