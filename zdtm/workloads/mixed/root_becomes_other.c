// A root that executed a program of the other word size is carried as what it became.
// rows: R1 R4 T2
#include "zdtm.h"

int main(int argc, char **argv)
{
	if (argc == 1) {
		char pid[16];
		snprintf(pid, sizeof(pid), "%d", getpid());
		execl(zdtm_twin(), "became", pid, NULL);
		FAIL("exec: %s", strerror(errno));
	}
	zdtm_init(argc, argv);
	CHECK_EQ(getpid(), atoi(argv[1]));
	unsigned char *const area = malloc(50000);
	zdtm_fill(area, 50000, 1);

	zdtm_checkpoint_here();

	CHECK(zdtm_filled(area, 50000, 1));
	CHECK_EQ(getpid(), atoi(argv[1]));
	return zdtm_pass();
}
