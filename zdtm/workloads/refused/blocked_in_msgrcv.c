// A thread waiting in msgrcv, which the kernel never restarts, is refused by name and not disturbed.
// rows: R5 I1
// attr: threads needs=sysvipc
// refused: kind=blocked-call
#include "zdtm.h"

#include <sys/ipc.h>
#include <sys/msg.h>

struct message {
	long type;
	char byte;
};

static int id;
static _Atomic uint32_t tid;

static void *waits(void *arg)
{
	atomic_store(&tid, zdtm_tid());
	CHECK_EQ(msgrcv(id, &(struct message){0, 0}, 1, 0, 0) - 1, 0);
	return arg;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	id = NEEDS(msgget(IPC_PRIVATE, IPC_CREAT | 0600), "sysvipc");
	const pthread_t thread = zdtm_thread(waits, NULL);
	while (!atomic_load(&tid))
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	zdtm_until_asleep(tid);

	zdtm_checkpoint_here();

	CHECK_SYS(msgsnd(id, &(struct message){1, 1}, 1, 0));
	zdtm_join_thread(thread);
	CHECK_SYS(msgctl(id, IPC_RMID, NULL));
	return zdtm_pass();
}
