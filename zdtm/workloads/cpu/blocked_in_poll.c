// Threads in poll, ppoll and select stay there, timed or not, and neither EINTR nor a wrong time shows.
// rows: R5 P1
// attr: threads slow=10
#include "blocked.h"

#include <poll.h>
#include <sys/select.h>

static int quiet[2], woken[2]; // nothing comes through the first pipe, a byte through the second

static void poll_timed(void)
{
	struct pollfd fd = {.fd = quiet[0], .events = POLLIN};
	CHECK_EQ(poll(&fd, 1, timeout_ms()), 0);
	CHECK_EQ(fd.revents, 0);
}

static void poll_forever(void)
{
	struct pollfd fds[2] = {{.fd = quiet[0], .events = POLLIN}, {.fd = woken[0], .events = POLLIN}};
	CHECK_EQ(poll(fds, 2, -1), 1);
	CHECK_EQ(fds[1].revents, POLLIN);
}

// With a mask of its own for the time of the call, which must be gone afterwards.
static void ppoll_masked(const struct timespec *timeout, int fd, int want)
{
	sigset_t meanwhile, before, after;
	struct pollfd one = {.fd = fd, .events = POLLIN};
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	sigfillset(&meanwhile);
	CHECK_EQ(ppoll(&one, 1, timeout, &meanwhile), want);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	CHECK(memcmp(&before, &after, 8) == 0);
}

static void ppoll_timed(void)
{
	ppoll_masked(&(struct timespec){timeout_ms() / 1000, 0}, quiet[0], 0);
}

static void ppoll_forever(void)
{
	ppoll_masked(NULL, woken[0], 1);
}

static void select_timed(void)
{
	fd_set set;
	FD_ZERO(&set);
	FD_SET(quiet[0], &set);
	struct timeval left = {timeout_ms() / 1000, 0};
	CHECK_EQ(select(quiet[0] + 1, &set, NULL, NULL, &left), 0);
	CHECK(!FD_ISSET(quiet[0], &set));
	CHECK_EQ(left.tv_sec, 0); // Linux stores what was left
}

static void select_forever(void)
{
	fd_set set;
	FD_ZERO(&set);
	FD_SET(woken[0], &set);
	CHECK_EQ(select(woken[0] + 1, &set, NULL, NULL, NULL), 1);
}

static void pselect_timed(void)
{
	sigset_t none;
	sigfillset(&none);
	CHECK_EQ(pselect(0, NULL, NULL, NULL, &(struct timespec){timeout_ms() / 1000, 0}, &none), 0);
}

static struct blocked all[] = {
	{.name = "poll", .call = poll_timed, .timed = true},
	{.name = "ppoll", .call = ppoll_timed, .timed = true},
	{.name = "select", .call = select_timed, .timed = true},
	{.name = "pselect", .call = pselect_timed, .timed = true},
	{.name = "poll without end", .call = poll_forever},
	{.name = "ppoll without end", .call = ppoll_forever},
	{.name = "select without end", .call = select_forever},
};
enum { kCount = sizeof(all) / sizeof(all[0]) };

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	CHECK_SYS(pipe(quiet));
	CHECK_SYS(pipe(woken));
	blocked_start(all, kCount);
	blocked_pause(kBeforeMs);
	const int64_t away = blocked_checkpoint();
	zdtm_put(woken[1], "!", 1);
	blocked_finish(all, kCount, away);
	return zdtm_pass();
}
