// An epoll set is refused by name, and goes on reporting, also to a thread that waits in it.
// rows: F4 R5
// attr: threads
// refused: kind=epoll
#include "zdtm.h"

#include <sys/epoll.h>

static int set;
static _Atomic uint32_t tid;

static void *waits(void *arg)
{
	struct epoll_event event;
	atomic_store(&tid, zdtm_tid());
	// The kernel does not restart this call by itself: who disturbs it has to.
	CHECK_EQ(epoll_wait(set, &event, 1, -1), 1);
	CHECK_EQ(event.data.u64, 0x123456789abcull);
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	int ends[2];
	CHECK_SYS(pipe(ends));
	set = CHECK_SYS(epoll_create1(EPOLL_CLOEXEC));
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789abcull};
	CHECK_SYS(epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event));
	const pthread_t thread = zdtm_thread(waits, NULL);
	while (!atomic_load(&tid))
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	zdtm_until_asleep(tid);

	zdtm_checkpoint_here();

	zdtm_put(ends[1], "!", 1);
	zdtm_join_thread(thread);
	return zdtm_pass();
}
