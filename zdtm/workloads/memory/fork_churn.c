// Memory that is forked and written all the time is always the writer's own.
// rows: M1 M3
// attr: loops
#include "zdtm.h"

enum { kPages = 32 };

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	unsigned char *const area = CHECK_SYS(
		mmap(NULL, kPages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	unsigned round = 0;
	zdtm_fill(area, kPages * page, round);
	while (zdtm_running()) {
		const pid_t child = CHECK_SYS(fork());
		if (child == 0) {
			for (int i = 0; i < kPages; i += 2)
				memset(area + i * page, 0xcc, page);
			for (int i = 0; i < kPages; i++)
				CHECK((area[i * page] == 0xcc && area[i * page + page - 1] == 0xcc) || i % 2);
			_exit(23);
		}
		area[5 * page] ^= 0xff; // while the child looks at it
		int status;
		CHECK_EQ(waitpid(child, &status, 0), child);
		CHECK_EQ(WEXITSTATUS(status), 23);
		area[5 * page] ^= 0xff;
		CHECK(zdtm_filled(area, kPages * page, round));
		zdtm_fill(area, kPages * page, ++round);
	}
	return zdtm_pass();
}
