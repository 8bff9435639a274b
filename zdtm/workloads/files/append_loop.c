// Relatives and threads that append to one file all the time leave every record whole and exactly once.
// rows: F1
// attr: loops threads
#include "zdtm.h"

enum { kWriters = 3 };
static int shared_fd;
static atomic_bool stop;

static void append(int fd, uint32_t writer, uint32_t number)
{
	const uint32_t record[4] = {writer, number, writer * 7919 + number, 0xfeedface};
	CHECK_EQ(write(fd, record, sizeof(record)), sizeof(record)); // one write is one record
}

static void *thread(void *arg)
{
	for (uint32_t n = 0; n == 0 || !atomic_load(&stop); n++)
		append(shared_fd, 1, n);
	return arg;
}

static int child(void *arg)
{
	(void)arg;
	const int own = CHECK_SYS(open("log", O_WRONLY | O_APPEND)); // its own open file
	for (uint32_t n = 0; zdtm_running(); n++)
		append(own, 2, n);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	shared_fd = CHECK_SYS(open("log", O_RDWR | O_CREAT | O_APPEND, 0600));
	const pid_t relative = zdtm_spawn(child, NULL);
	const pthread_t other = zdtm_thread(thread, NULL);
	uint32_t mine = 0, next[kWriters] = {0}, record[4];
	while (zdtm_running())
		append(shared_fd, 0, mine++);
	atomic_store(&stop, true);
	zdtm_join_thread(other);
	zdtm_join(relative);
	FILE *const log = fopen("log", "r");
	CHECK(log);
	while (fread(record, sizeof(record), 1, log) == 1) {
		CHECK(record[0] < kWriters && record[3] == 0xfeedface);
		CHECK_EQ(record[1], next[record[0]]);
		CHECK_EQ(record[2], record[0] * 7919 + record[1]);
		next[record[0]]++;
	}
	CHECK(feof(log));
	CHECK_EQ(ftell(log) % sizeof(record), 0);
	CHECK_EQ(next[0], mine);
	CHECK(next[1] > 0 && next[2] > 0);
	return zdtm_pass();
}
