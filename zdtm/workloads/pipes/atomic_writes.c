// Writes up to PIPE_BUF from several tasks and threads into one pipe are never torn apart.
// rows: P1 R5
// attr: loops threads
#include "zdtm.h"

enum { kWriters = 3 };
static int ends[2];
static atomic_bool stop;

static void send(uint32_t writer, uint32_t number)
{
	uint32_t record[64];
	const uint32_t words = 4 + (number * 13 + writer) % 60;
	record[0] = words;
	record[1] = writer;
	record[2] = number;
	for (uint32_t i = 3; i < words; i++)
		record[i] = writer * 1000003 + number + i;
	CHECK_EQ(write(ends[1], record, 4 * words), 4 * words);
}

static void *thread(void *arg)
{
	for (uint32_t n = 0; !atomic_load(&stop); n++)
		send(1 + (uintptr_t)arg, n);
	return NULL;
}

// One relative with two writing threads of its own.
static int child(void *arg)
{
	(void)arg;
	CHECK_SYS(close(ends[0]));
	const pthread_t threads[2] = {zdtm_thread(thread, (void *)0), zdtm_thread(thread, (void *)1)};
	for (uint32_t n = 0; zdtm_running(); n++)
		send(0, n);
	atomic_store(&stop, true);
	zdtm_join_thread(threads[0]);
	zdtm_join_thread(threads[1]);
	return zdtm_pass();
}

static bool receive(uint32_t *next)
{
	uint32_t record[64];
	const ssize_t n = CHECK_SYS(read(ends[0], record, 4));
	if (n == 0)
		return false;
	CHECK(n == 4 && record[0] >= 4 && record[0] < 64);
	zdtm_get(ends[0], record + 1, 4 * (record[0] - 1));
	CHECK(record[1] < kWriters);
	CHECK_EQ(record[2], next[record[1]]);
	next[record[1]]++;
	for (uint32_t i = 3; i < record[0]; i++)
		CHECK_EQ(record[i], record[1] * 1000003 + record[2] + i);
	return true;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	uint32_t next[kWriters] = {0};
	CHECK_SYS(pipe(ends));
	const pid_t relative = zdtm_spawn(child, NULL);
	CHECK_SYS(close(ends[1]));
	while (zdtm_running())
		CHECK(receive(next));
	CHECK_SYS(kill(relative, SIGUSR2));
	while (receive(next))
		;
	int status;
	CHECK_EQ(waitpid(relative, &status, 0), relative);
	CHECK_EQ(status, 0);
	return zdtm_pass();
}
