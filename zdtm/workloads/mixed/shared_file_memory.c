// A file mapped shared by tasks of both word sizes stays one memory, with futexes that wake across them.
// rows: R1 M1 M2 R5
// attr: threads
#include "zdtm.h"

// Fixed-width members: the layout is the same in both.
struct table {
	_Atomic uint32_t question, answer;
	uint64_t payload[100];
};

static struct table *map(void)
{
	const int fd = CHECK_SYS(open("table", O_RDWR));
	struct table *const table =
		CHECK_SYS(mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	CHECK_SYS(close(fd));
	return table;
}

static void *answers(void *arg)
{
	struct table *const table = arg;
	zdtm_futex_wait_while(&table->question, 0); // blocked here when the checkpoint comes
	for (int i = 0; i < 100; i++)
		CHECK_EQ(table->payload[i], 0x100000001ull * i);
	zdtm_futex_set(&table->answer, atomic_load(&table->question) + 1);
	return NULL;
}

static int other(void)
{
	const pthread_t thread = zdtm_thread(answers, map());
	zdtm_checkpoint_here();
	zdtm_join_thread(thread);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	if (argc > 1)
		return other();
	const int fd = CHECK_SYS(open("table", O_RDWR | O_CREAT | O_EXCL, 0600));
	CHECK_SYS(ftruncate(fd, 8192));
	CHECK_SYS(close(fd));
	struct table *const table = map();
	for (int i = 0; i < 50; i++)
		table->payload[i] = 0x100000001ull * i;
	const pid_t child = zdtm_spawn_program(zdtm_twin(), "other", NULL);

	zdtm_checkpoint_here();

	for (int i = 50; i < 100; i++)
		table->payload[i] = 0x100000001ull * i;
	zdtm_futex_set(&table->question, 41);
	zdtm_futex_wait_while(&table->answer, 0);
	CHECK_EQ(atomic_load(&table->answer), 42);
	zdtm_join(child);
	return zdtm_pass();
}
