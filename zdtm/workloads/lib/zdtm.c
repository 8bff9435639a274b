// The protocol with the harness, and the way relatives are started and awaited.
#include "zdtm.h"

static volatile sig_atomic_t woken;
static pid_t root_pid;	  // 0 in every process but the one that the harness started
static int ready_fd = -1; // where a relative reports; its number survives exec in the environment
static bool ready_said;

static const char kReadyVariable[] = "ZDTM_READY_FD";

static void on_wake(int signo)
{
	(void)signo;
	woken = 1;
}

static void say(const char *text)
{
	// One write: the harness may look at the file at any moment.
	if (write(STDOUT_FILENO, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(1);
}

void zdtm_fail(const char *file, int line, const char *format, ...)
{
	char text[512], out[768];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	const char *slash = strrchr(file, '/');
	snprintf(out, sizeof(out), "FAIL %s:%d: %s [pid %d]\n", slash ? slash + 1 : file, line, text,
		 getpid());
	say(out);
	_exit(1);
}

void zdtm_skip(const char *feature)
{
	char out[256];
	snprintf(out, sizeof(out), "SKIP: missing %s\n", feature);
	say(out);
	_exit(77);
}

// Whoever started us may ignore or block signals (nohup does): a workload begins as from a fresh login.
static void ordinary_signals(void)
{
	sigset_t none;
	for (int signo = 1; signo < _NSIG; signo++)
		signal(signo,
		       SIG_DFL); // fails for the few that cannot be changed, which are as they should be
	sigemptyset(&none);
	CHECK_SYS(sigprocmask(SIG_SETMASK, &none, NULL));
}

void zdtm_init(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	const char *inherited = getenv(kReadyVariable);
	if (!inherited)
		ordinary_signals();
	const struct sigaction action = {.sa_handler = on_wake};
	CHECK_SYS(sigaction(SIGUSR2, &action, NULL));
	sigset_t wake;
	sigemptyset(&wake);
	sigaddset(&wake, SIGUSR2);
	CHECK_SYS(sigprocmask(SIG_BLOCK, &wake, NULL));

	if (!inherited) {
		root_pid = getpid();
		return;
	}
	ready_fd = atoi(inherited);
	unsetenv(kReadyVariable);
}

static void say_ready(void)
{
	if (ready_said)
		FAIL("ready for a second time");
	ready_said = true;
	if (root_pid == getpid()) {
		say("READY\n");
		return;
	}
	// Closed at once: the checkpoint must not find a pipe that only the start needed.
	zdtm_put(ready_fd, "R", 1);
	CHECK_SYS(close(ready_fd));
	ready_fd = -1;
}

void zdtm_checkpoint_here(void)
{
	const pid_t pid = getpid(), tid = zdtm_tid(), group = getpgrp(), session = getsid(0);
	sigset_t before, open, after;
	CHECK_ZERO(pthread_sigmask(SIG_SETMASK, NULL, &before));
	open = before;
	sigdelset(&open, SIGUSR2);
	say_ready();

	// SIGUSR2 is blocked outside of sigsuspend(), so it cannot be missed; anything else that ends the
	// wait is a disturbance that no signal of ours has caused.
	CHECK_ERRNO(sigsuspend(&open), EINTR);
	if (!woken)
		FAIL("sigsuspend ended without SIGUSR2");
	woken = 0;

	CHECK_ZERO(pthread_sigmask(SIG_SETMASK, NULL, &after));
	CHECK(memcmp(&before, &after, _NSIG / 8) == 0);
	CHECK_EQ(getpid(), pid);
	CHECK_EQ(zdtm_tid(), tid);
	CHECK_EQ(getpgrp(), group);
	CHECK_EQ(getsid(0), session);
}

bool zdtm_running(void)
{
	if (!ready_said) {
		say_ready();
		return true;
	}
	sigset_t wake;
	sigemptyset(&wake);
	sigaddset(&wake, SIGUSR2);
	const int got = sigtimedwait(&wake, NULL, &(struct timespec){0, 0});
	if (got == -1 && errno != EAGAIN)
		FAIL("sigtimedwait that does not wait: %s", strerror(errno));
	return got != SIGUSR2;
}

int zdtm_pass(void)
{
	// Finds helpers of an engine that were left behind as our children, and signals it caused.
	CHECK_ERRNO(waitpid(-1, NULL, WNOHANG), ECHILD);
	sigset_t pending;
	CHECK_SYS(sigpending(&pending));
	for (int signo = 1; signo < _NSIG; signo++)
		if (sigismember(&pending, signo) == 1)
			FAIL("signal %d is pending at the end", signo);
	if (root_pid == getpid())
		say("PASS\n");
	return 0;
}

// What the child side of a fork needs before it may call zdtm_checkpoint_here().
static void become_relative(int fd)
{
	root_pid = 0;
	ready_said = false;
	ready_fd = fd;
}

static pid_t await_ready(pid_t child, int pipe_ends[2])
{
	CHECK_SYS(close(pipe_ends[1]));
	char byte = 0;
	if (read(pipe_ends[0], &byte, 1) != 1 || byte != 'R') {
		int status = 0;
		if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 77)
			_exit(77); // it has said what is missing
		FAIL("child %d ended before it was ready", child);
	}
	CHECK_SYS(close(pipe_ends[0]));
	return child;
}

pid_t zdtm_spawn(zdtm_body body, void *arg)
{
	int ends[2];
	CHECK_SYS(pipe2(ends, O_CLOEXEC));
	const pid_t child = CHECK_SYS(fork());
	if (child == 0) {
		CHECK_SYS(close(ends[0]));
		if (ready_fd >= 0)
			CHECK_SYS(close(ready_fd));
		become_relative(ends[1]);
		_exit(body(arg));
	}
	return await_ready(child, ends);
}

pid_t zdtm_spawn_program(const char *path, ...)
{
	char *words[16] = {(char *)path};
	va_list args;
	va_start(args, path);
	for (int i = 1; (words[i] = va_arg(args, char *)); i++)
		CHECK(i + 1 < 16);
	va_end(args);

	int ends[2];
	CHECK_SYS(pipe2(ends, O_CLOEXEC));
	const pid_t child = CHECK_SYS(fork());
	if (child == 0) {
		char number[16];
		if (ready_fd >= 0)
			CHECK_SYS(close(ready_fd));
		const int fd = CHECK_SYS(dup(ends[1])); // the copy has no O_CLOEXEC
		snprintf(number, sizeof(number), "%d", fd);
		setenv(kReadyVariable, number, 1);
		execv(path, words);
		FAIL("exec %s: %s", path, strerror(errno));
	}
	return await_ready(child, ends);
}

void zdtm_join(pid_t child)
{
	CHECK_SYS(kill(child, SIGUSR2));
	int status = 0;
	CHECK_EQ(waitpid(child, &status, 0), child);
	if (status != 0)
		FAIL("child %d ended with status %#x", child, status);
}
