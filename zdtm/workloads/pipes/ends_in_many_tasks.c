// A pipe whose ends are spread over parent, children and grandchild stays one pipe, with each end where it was.
// rows: P1 F2
#include "zdtm.h"

enum { kWriters = 4 };
static int ends[2], answer[2];

static int writer(void *arg)
{
	const int number = *(int *)arg;
	if (number < kWriters - 1) { // the grandchild inherits a table where these are closed
		CHECK_SYS(close(ends[0]));
		CHECK_SYS(close(answer[0]));
		CHECK_SYS(close(answer[1]));
	}
	int next = number + 1;
	// The last one is a grandchild: the write end came to it through two forks.
	const pid_t below = next == kWriters - 1 ? zdtm_spawn(writer, &next) : 0;
	char text[32];
	zdtm_checkpoint_here();
	snprintf(text, sizeof(text), "writer %d\n", number);
	zdtm_put(ends[1], text, strlen(text));
	if (below)
		zdtm_join(below);
	return zdtm_pass();
}

static int reader(void *arg)
{
	(void)arg;
	char text[256] = "";
	size_t length = 0;
	ssize_t n;
	CHECK_SYS(close(ends[1]));
	CHECK_SYS(close(answer[0]));
	zdtm_checkpoint_here();
	while ((n = CHECK_SYS(read(ends[0], text + length, sizeof(text) - 1 - length))) > 0)
		length += n; // the end comes when the last writer has gone
	zdtm_put(answer[1], &length, sizeof(length));
	zdtm_put(answer[1], text, length);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pid_t writers[kWriters - 1];
	CHECK_SYS(pipe(ends));
	CHECK_SYS(pipe(answer));
	zdtm_put(ends[1], "before\n", 7);
	for (int i = 0; i < kWriters - 1; i++)
		writers[i] = zdtm_spawn(writer, &i);
	const pid_t last = zdtm_spawn(reader, NULL);
	CHECK_SYS(close(ends[0]));
	CHECK_SYS(close(ends[1]));
	CHECK_SYS(close(answer[1]));

	zdtm_checkpoint_here();

	for (int i = 0; i < kWriters - 1; i++)
		zdtm_join(writers[i]);
	zdtm_join(last);
	size_t length;
	char text[256] = "";
	zdtm_get(answer[0], &length, sizeof(length));
	CHECK_EQ(length, 7 + 9 * kWriters);
	zdtm_get(answer[0], text, length);
	CHECK(memcmp(text, "before\n", 7) == 0);
	for (int i = 0; i < kWriters; i++) {
		char want[32];
		snprintf(want, sizeof(want), "writer %d\n", i);
		CHECK(strstr(text, want));
	}
	CHECK_EQ(read(answer[0], text, 1), 0);
	return zdtm_pass();
}
