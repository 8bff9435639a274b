// Siblings of both word sizes share an open file and a pipe with their parent, and not more.
// rows: R1 F1 F2 P1
#include "zdtm.h"

static int sibling(int shared, int pipe_end, off_t step)
{
	char line[16];
	zdtm_checkpoint_here();
	const off_t now = CHECK_SYS(lseek(shared, step, SEEK_CUR));
	snprintf(line, sizeof(line), "%06d\n", (int)now);
	zdtm_put(pipe_end, line, 7);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	if (argc == 4)
		return sibling(atoi(argv[1]), atoi(argv[2]), atoi(argv[3]));
	int ends[2];
	char fd[16], out[16], lines[29] = "";
	const int shared = CHECK_SYS(open("file", O_RDWR | O_CREAT | O_EXCL, 0600));
	const int apart = CHECK_SYS(open("file", O_RDWR | O_CLOEXEC));
	CHECK_SYS(lseek(shared, 1000, SEEK_SET));
	CHECK_SYS(pipe(ends));
	CHECK_SYS(fcntl(ends[0], F_SETFD, FD_CLOEXEC));
	snprintf(fd, sizeof(fd), "%d", shared);
	snprintf(out, sizeof(out), "%d", ends[1]);
	const pid_t siblings[4] = {
		zdtm_spawn_program(zdtm_twin(), fd, out, "1", NULL),
		zdtm_spawn_program(zdtm_self(), fd, out, "20", NULL),
		zdtm_spawn_program(zdtm_twin(), fd, out, "300", NULL),
		zdtm_spawn_program(zdtm_self(), fd, out, "4000", NULL),
	};
	CHECK_SYS(close(ends[1]));

	zdtm_checkpoint_here();

	for (int i = 0; i < 4; i++)
		zdtm_join(siblings[i]);
	CHECK_EQ(lseek(shared, 0, SEEK_CUR), 5321);
	CHECK_EQ(lseek(apart, 0, SEEK_CUR), 0);
	zdtm_get(ends[0], lines, 28);
	CHECK(strcmp(lines, "001001\n001021\n001321\n005321\n") == 0);
	CHECK_EQ(read(ends[0], lines, 1), 0);
	return zdtm_pass();
}
