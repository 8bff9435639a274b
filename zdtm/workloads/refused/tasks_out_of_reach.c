// A traced child and one without its first thread are refused with what else they hold, and left as they are.
// rows: T12 T13 F5 M7 C1
// attr: threads
// refused: kind=dead-leader kind=eventfd kind=itimer kind=memfd kind=traced
#include "zdtm.h"

#include <sys/eventfd.h>
#include <sys/ptrace.h>
#include <sys/time.h>

static _Atomic uint32_t *go;

static void *goes_on(void *map)
{
	zdtm_futex_wait_while(go, 0);
	CHECK(zdtm_filled(map, zdtm_page(), 1));
	exit(zdtm_pass());
}

static int leaves_a_thread(void *arg)
{
	(void)arg;
	const int fd = CHECK_SYS(memfd_create("mapped", 0));
	CHECK_SYS(ftruncate(fd, zdtm_page()));
	char *const map = CHECK_SYS(mmap(NULL, zdtm_page(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	CHECK_SYS(close(fd));
	zdtm_fill(map, zdtm_page(), 1);
	zdtm_thread(goes_on, map);
	zdtm_running(); // tells that it is set up
	pthread_exit(NULL);
}

static int counts(void *arg)
{
	(void)arg;
	const int fd = CHECK_SYS(eventfd(30, EFD_NONBLOCK));
	zdtm_checkpoint_here();
	uint64_t value;
	CHECK_EQ(read(fd, &value, sizeof(value)), sizeof(value));
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	go = zdtm_shared_memory(zdtm_page());
	const pid_t headless = zdtm_spawn(leaves_a_thread, NULL);
	zdtm_until_zombie(headless);
	const pid_t traced = zdtm_spawn(counts, NULL);
	CHECK_SYS(ptrace(PTRACE_SEIZE, traced, NULL, NULL));
	const struct itimerval far = {.it_value = {5000, 0}};
	CHECK_SYS(setitimer(ITIMER_REAL, &far, NULL));

	zdtm_checkpoint_here();

	int status;
	struct itimerval now;
	CHECK_SYS(getitimer(ITIMER_REAL, &now));
	CHECK(now.it_value.tv_sec > 0);
	CHECK_SYS(ptrace(PTRACE_INTERRUPT, traced, NULL, NULL));
	CHECK_EQ(waitpid(traced, &status, 0), traced);
	CHECK(WIFSTOPPED(status));
	CHECK_SYS(ptrace(PTRACE_DETACH, traced, NULL, NULL));
	zdtm_join(traced);
	zdtm_futex_set(go, 1);
	CHECK_EQ(waitpid(headless, &status, 0), headless);
	CHECK_EQ(status, 0);
	return zdtm_pass();
}
