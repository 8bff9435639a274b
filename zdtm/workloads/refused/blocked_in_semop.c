// A thread waiting in semop, which the kernel never restarts, is refused by name and not disturbed.
// rows: R5 I1
// attr: threads needs=sysvipc
// refused: kind=blocked-call
#include "zdtm.h"

#include <sys/ipc.h>
#include <sys/sem.h>

static int id;
static _Atomic uint32_t tid;

static void *waits(void *arg)
{
	atomic_store(&tid, zdtm_tid());
	CHECK_EQ(semop(id, &(struct sembuf){.sem_op = -1}, 1), 0);
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	id = NEEDS(semget(IPC_PRIVATE, 1, IPC_CREAT | 0600), "sysvipc");
	const pthread_t thread = zdtm_thread(waits, NULL);
	while (!atomic_load(&tid))
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	zdtm_until_asleep(tid);

	zdtm_checkpoint_here();

	CHECK_SYS(semop(id, &(struct sembuf){.sem_op = 1}, 1));
	zdtm_join_thread(thread);
	CHECK_SYS(semctl(id, 0, IPC_RMID));
	return zdtm_pass();
}
