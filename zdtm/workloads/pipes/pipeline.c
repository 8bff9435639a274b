// A pipeline of five tasks, always full, delivers an unbroken stream.
// rows: P1 R5 T2
// attr: loops grid
#include "zdtm.h"

enum { kStages = 5, kBlock = 3000 };
static int pipes[kStages][2];

static void only(int keep_read, int keep_write)
{
	for (int i = 0; i < kStages; i++) {
		if (i != keep_read)
			CHECK_SYS(close(pipes[i][0]));
		if (i != keep_write)
			CHECK_SYS(close(pipes[i][1]));
	}
}

// Every stage adds one to each word that passes.
static int stage(void *arg)
{
	const int number = *(int *)arg;
	uint32_t words[kBlock / 4];
	only(number - 1, number);
	zdtm_running();
	for (;;) {
		char *const bytes = (char *)words;
		size_t have = CHECK_SYS(read(pipes[number - 1][0], bytes, sizeof(words)));
		if (have == 0)
			return zdtm_pass();
		if (have % 4) {
			zdtm_get(pipes[number - 1][0], bytes + have, 4 - have % 4);
			have += 4 - have % 4;
		}
		for (size_t i = 0; i < have / 4; i++)
			words[i]++;
		zdtm_put(pipes[number][1], words, have);
	}
}

static int source(void *arg)
{
	(void)arg;
	uint32_t next = 0, words[kBlock / 4];
	only(-1, 0);
	while (zdtm_running()) {
		for (int i = 0; i < kBlock / 4; i++)
			words[i] = next++;
		zdtm_put(pipes[0][1], words, sizeof(words));
	}
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pid_t tasks[kStages];
	for (int i = 0; i < kStages; i++)
		CHECK_SYS(pipe(pipes[i]));
	tasks[0] = zdtm_spawn(source, NULL);
	for (int i = 1; i < kStages; i++)
		tasks[i] = zdtm_spawn(stage, &i);
	only(kStages - 1, -1);

	uint32_t expected = kStages - 1, word;
	bool running = true;
	while (running) {
		for (int i = 0; i < 500; i++) {
			zdtm_get(pipes[kStages - 1][0], &word, sizeof(word));
			CHECK_EQ(word, expected++);
		}
		running = zdtm_running();
	}
	CHECK_SYS(kill(tasks[0], SIGUSR2));
	ssize_t n;
	while ((n = CHECK_SYS(read(pipes[kStages - 1][0], &word, sizeof(word)))) > 0) {
		CHECK_EQ(n, sizeof(word));
		CHECK_EQ(word, expected++);
	}
	for (int i = 0; i < kStages; i++) {
		int status;
		CHECK_EQ(waitpid(tasks[i], &status, 0), tasks[i]);
		CHECK_EQ(status, 0);
	}
	CHECK_EQ((expected - (kStages - 1)) % (kBlock / 4), 0);
	return zdtm_pass();
}
