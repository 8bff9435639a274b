// A stopped child that counts on an eventfd, and a socket and a timer of its parent: none hides another, all go on.
// rows: T4 F5 U1 C1
// refused: kind=eventfd kind=itimer kind=socket kind=stopped
#include "zdtm.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>

static int stops(void *arg)
{
	(void)arg;
	CHECK_SYS(setpgid(0, 0)); // a group that is not orphaned
	const int fd = CHECK_SYS(eventfd(30, EFD_NONBLOCK));
	zdtm_checkpoint_here();
	uint64_t value;
	CHECK_EQ(read(fd, &value, sizeof(value)), sizeof(value));
	CHECK_EQ(value, 30);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const pid_t child = zdtm_spawn(stops, NULL);
	int ends[2], status;
	CHECK_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	zdtm_put(ends[0], "data", 4);
	const struct itimerval far = {.it_value = {5000, 0}};
	CHECK_SYS(setitimer(ITIMER_REAL, &far, NULL));
	CHECK_SYS(kill(child, SIGSTOP));
	CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);

	zdtm_checkpoint_here();

	char path[64], text[1024];
	zdtm_get(ends[1], text, 4);
	CHECK(memcmp(text, "data", 4) == 0);
	struct itimerval now;
	CHECK_SYS(getitimer(ITIMER_REAL, &now));
	CHECK(now.it_value.tv_sec > 0);
	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	zdtm_slurp(path, text, sizeof(text));
	CHECK_EQ(strrchr(text, ')')[2], 'T');
	CHECK_SYS(kill(child, SIGCONT));
	zdtm_join(child);
	return zdtm_pass();
}
