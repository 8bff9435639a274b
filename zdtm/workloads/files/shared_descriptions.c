// Descriptors that shared one open file, by dup or fork, share it afterwards; separate ones stay separate.
// rows: F1
#include "zdtm.h"

static int shared, twin, apart, only_below;

static int child(void *arg)
{
	const int own = CHECK_SYS(open("file", O_RDWR));
	(void)arg;
	CHECK_SYS(lseek(own, 30, SEEK_SET));
	zdtm_checkpoint_here();
	CHECK_EQ(lseek(shared, 0, SEEK_CUR), 15); // the parent has moved it
	CHECK_EQ(lseek(own, 0, SEEK_CUR), 30);
	CHECK_EQ(lseek(only_below, 0, SEEK_CUR), 40);
	CHECK_SYS(lseek(twin, 16, SEEK_SET));
	CHECK_SYS(fcntl(shared, F_SETFL, O_APPEND)); // flags belong to the open file too
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	zdtm_spit("file", "0123456789012345678901234567890123456789");
	shared = CHECK_SYS(open("file", O_RDWR));
	twin = CHECK_SYS(fcntl(shared, F_DUPFD, 100));
	apart = CHECK_SYS(open("file", O_RDWR));
	only_below = CHECK_SYS(open("file", O_RDONLY));
	// Same file, same flags, same position: only the kernel knows that these are two.
	CHECK_SYS(lseek(shared, 10, SEEK_SET));
	CHECK_SYS(lseek(apart, 10, SEEK_SET));
	CHECK_SYS(lseek(only_below, 40, SEEK_SET));
	const pid_t relatives[2] = {zdtm_spawn(child, NULL), zdtm_spawn(child, NULL)};
	CHECK_SYS(close(only_below)); // now held by children alone

	zdtm_checkpoint_here();

	for (int i = 0; i < 2; i++) {
		CHECK_SYS(lseek(shared, 15, SEEK_SET));
		CHECK_EQ(lseek(twin, 0, SEEK_CUR), 15);
		CHECK_EQ(lseek(apart, 0, SEEK_CUR), 10);
		zdtm_join(relatives[i]);
		CHECK_EQ(lseek(shared, 0, SEEK_CUR), 16);
		CHECK_EQ(fcntl(twin, F_GETFL) & O_APPEND, O_APPEND);
		CHECK_EQ(fcntl(apart, F_GETFL) & O_APPEND, 0);
	}
	return zdtm_pass();
}
