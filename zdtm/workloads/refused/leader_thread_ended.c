// A task whose first thread has ended while others run is refused by name, and runs on.
// rows: T12
// attr: threads
// refused: kind=dead-leader
#include "zdtm.h"

static _Atomic uint32_t *shared;

static void *goes_on(void *arg)
{
	zdtm_futex_wait_while(shared, 0);
	exit(zdtm_pass());
	return arg;
}

static int leaves_a_thread(void *arg)
{
	(void)arg;
	zdtm_thread(goes_on, NULL);
	zdtm_running(); // tells that it is set up
	pthread_exit(NULL);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	shared = zdtm_shared_memory(zdtm_page());
	const pid_t child = zdtm_spawn(leaves_a_thread, NULL);
	zdtm_until_zombie(child);

	zdtm_checkpoint_here();

	zdtm_futex_set(shared, 1);
	int status;
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	return zdtm_pass();
}
