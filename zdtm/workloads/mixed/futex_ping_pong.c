// Tasks of both word sizes take turns in shared memory without a pause; no turn is lost or doubled.
// rows: R1 M2 R5
// attr: loops
#include "zdtm.h"

enum { kStop = 1u << 31 };
struct table {
	_Atomic uint32_t turn;
	uint32_t reserved;
	uint64_t sum;
};

static struct table *map(void)
{
	const int fd = CHECK_SYS(open("table", O_RDWR | O_CREAT, 0600));
	CHECK_SYS(ftruncate(fd, 4096));
	struct table *const table = CHECK_SYS(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	CHECK_SYS(close(fd));
	return table;
}

static bool play(struct table *table, uint32_t parity)
{
	uint32_t turn;
	while ((turn = atomic_load(&table->turn)) % 2 != parity || turn & kStop) {
		if (turn & kStop)
			return false;
		zdtm_futex_wait_while(&table->turn, turn);
	}
	table->sum = table->sum * 6364136223846793005ull + turn;
	zdtm_futex_set(&table->turn, turn + 1);
	return true;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct table *const table = map();
	if (argc > 1) {
		zdtm_running();
		while (play(table, 1))
			;
		return zdtm_pass();
	}
	const pid_t child = zdtm_spawn_program(zdtm_twin(), "other", NULL);
	while (zdtm_running())
		CHECK(play(table, 0));
	uint32_t turn;
	while ((turn = atomic_load(&table->turn)) % 2)
		zdtm_futex_wait_while(&table->turn, turn);
	uint64_t sum = 0;
	for (uint32_t i = 0; i < turn; i++)
		sum = sum * 6364136223846793005ull + i;
	CHECK_EQ(table->sum, sum);
	zdtm_futex_set(&table->turn, kStop);
	int status;
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	return zdtm_pass();
}
