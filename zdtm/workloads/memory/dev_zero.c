// Mappings of /dev/zero are what they are: private ones private, shared ones common to relatives.
// rows: M1 M2
#include "zdtm.h"

static char *private, *shared;

static int child(void *arg)
{
	(void)arg;
	zdtm_checkpoint_here();
	CHECK(zdtm_filled(private, zdtm_page(), 1));
	private[0] ^= 1;
	strcpy(shared + 2 * zdtm_page(), "child");
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	const int fd = CHECK_SYS(open("/dev/zero", O_RDWR));
	private = CHECK_SYS(mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	shared = CHECK_SYS(mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	zdtm_fill(private, page, 1);
	zdtm_fill(shared, page, 2);
	const pid_t relative = zdtm_spawn(child, NULL);

	zdtm_checkpoint_here();

	zdtm_join(relative);
	CHECK(zdtm_filled(private, page, 1));
	CHECK(zdtm_filled(shared, page, 2));
	CHECK(strcmp(shared + 2 * page, "child") == 0);
	CHECK_EQ(private[3 * page], 0);
	return zdtm_pass();
}
