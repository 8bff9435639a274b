/* Start one program for the host: its own session, its streams on pipes or on a terminal. */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { MAX_WORDS = 1024, DEFAULT_TIMER_SLACK_NS = 50000 };

struct wiring {
	int child_end[3];
	int our_end[3];
};

static void close_all(int *fds)
{
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int wire_pipes(struct wiring *wiring)
{
	for (int i = 0; i < 3; i++) {
		int ends[2];
		if (pipe2(ends, O_CLOEXEC) < 0)
			return errno;
		const int reading = i == STREAM_STDIN;
		wiring->child_end[i] = ends[reading ? 0 : 1];
		wiring->our_end[i] = ends[reading ? 1 : 0];
		/* Only our end: the two ends of a pipe are different descriptions, the child notices nothing. */
		fcntl(wiring->our_end[i], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

static int wire_terminal(struct wiring *wiring, const struct spawn_head *head)
{
	const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		return errno;
	const struct winsize size = {.ws_row = head->rows, .ws_col = head->columns};
	ioctl(master, TIOCSWINSZ, &size);
	const int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return errno;
	wiring->our_end[STREAM_STDIN] = master;
	wiring->our_end[STREAM_STDOUT] = fcntl(master, F_DUPFD_CLOEXEC, 0);
	wiring->child_end[STREAM_STDIN] = slave;
	wiring->child_end[STREAM_STDOUT] = fcntl(slave, F_DUPFD_CLOEXEC, 0);
	wiring->child_end[STREAM_STDERR] = fcntl(slave, F_DUPFD_CLOEXEC, 0);
	return 0;
}

/* Cut the text into its NUL-terminated words; -1 if it does not hold as many as promised. */
static int split(char *text, size_t length, char **words, size_t count)
{
	const char *end = text + length;
	for (size_t i = 0; i < count; i++) {
		char *stop = memchr(text, 0, (size_t)(end - text));
		if (!stop)
			return -1;
		words[i] = text;
		text = stop + 1;
	}
	return 0;
}

_Noreturn static void become(const struct spawn_head *head, char **words, const struct wiring *wiring,
			     int report)
{
	setsid();
	for (int i = 0; i < 3; i++)
		dup2(wiring->child_end[i], i);
	if (head->flags & SPAWN_PTY)
		ioctl(0, TIOCSCTTY, 0);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Real-time tasks have none, and SCHED_RESET_ON_FORK does not bring it back (prctl(2), sched(7)). */
	prctl(PR_SET_TIMERSLACK, DEFAULT_TIMER_SLACK_NS);

	char *argv[MAX_WORDS + 1];
	memcpy(argv, words + 1, head->argc * sizeof(*argv));
	argv[head->argc] = NULL;
	for (uint32_t i = 0; i < head->envc; i++)
		putenv(words[1 + head->argc + i]);
	if (chdir(words[0]) == 0)
		execvp(argv[0], argv);
	const int why = errno;
	(void)!write(report, &why, sizeof(why));
	_exit(127);
}

int child_start(const struct spawn_head *head, char *text, size_t length, struct child *child)
{
	char *words[MAX_WORDS];
	if (head->argc < 1 || head->argc > MAX_WORDS || head->envc > MAX_WORDS ||
	    1 + head->argc + head->envc > MAX_WORDS)
		return E2BIG;
	if (split(text, length, words, 1 + head->argc + head->envc) < 0)
		return EPROTO;

	struct wiring wiring = {.child_end = {-1, -1, -1}, .our_end = {-1, -1, -1}};
	int report[2] = {-1, -1};
	int why = head->flags & SPAWN_PTY ? wire_terminal(&wiring, head) : wire_pipes(&wiring);
	if (why == 0 && pipe2(report, O_CLOEXEC) < 0)
		why = errno;
	if (why == 0) {
		child->pid = fork();
		if (child->pid == 0)
			become(head, words, &wiring, report[1]);
		if (child->pid < 0)
			why = errno;
		close(report[1]);
		/* Ends with nothing when exec succeeds, because the other end is close-on-exec. */
		if (why == 0 && read(report[0], &why, sizeof(why)) != sizeof(why))
			why = 0;
		close(report[0]);
	}
	close_all(wiring.child_end);
	if (why != 0)
		close_all(wiring.our_end);
	child->in = wiring.our_end[STREAM_STDIN];
	child->out = wiring.our_end[STREAM_STDOUT];
	child->err = wiring.our_end[STREAM_STDERR];
	return why;
}
