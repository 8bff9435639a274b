// A shared mapping of a file opened for reading can still not be made writable; one opened for both can.
// rows: M1 M5
#include "zdtm.h"

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	char *const text = calloc(1, page + 1);
	memset(text, 'r', page);
	zdtm_spit("file", text);
	const int reading = CHECK_SYS(open("file", O_RDONLY)), both = CHECK_SYS(open("file", O_RDWR));
	char *const strict = CHECK_SYS(mmap(NULL, page, PROT_READ, MAP_SHARED, reading, 0));
	char *const loose = CHECK_SYS(mmap(NULL, page, PROT_READ, MAP_SHARED, both, 0));
	char *const private = CHECK_SYS(mmap(NULL, page, PROT_READ, MAP_PRIVATE, reading, 0));
	CHECK_SYS(close(reading));
	CHECK_SYS(close(both));

	zdtm_checkpoint_here();

	CHECK_ERRNO(mprotect(strict, page, PROT_READ | PROT_WRITE), EACCES);
	CHECK_SYS(mprotect(loose, page, PROT_READ | PROT_WRITE));
	CHECK_SYS(mprotect(private, page, PROT_READ | PROT_WRITE));
	private[1] = 'p';
	CHECK_EQ(strict[1], 'r');
	loose[1] = 's';
	CHECK_EQ(strict[1], 's');
	CHECK_EQ(private[1], 'p');
	return zdtm_pass();
}
