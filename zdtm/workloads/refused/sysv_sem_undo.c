// Semaphore adjustments to undo at the end are refused by name, and are undone at the end.
// rows: I1
// attr: needs=sysvipc
// refused: kind=sysv-sem
#include "zdtm.h"

#include <sys/ipc.h>
#include <sys/sem.h>

static int adjusts(void *arg)
{
	struct sembuf add = {.sem_op = 5, .sem_flg = SEM_UNDO};
	CHECK_SYS(semop(*(int *)arg, &add, 1));
	zdtm_checkpoint_here();
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int id = NEEDS(semget(IPC_PRIVATE, 1, IPC_CREAT | 0600), "sysvipc");
	const pid_t child = zdtm_spawn(adjusts, (void *)&id);
	CHECK_EQ(semctl(id, 0, GETVAL), 5);

	zdtm_checkpoint_here();

	zdtm_join(child);
	CHECK_EQ(semctl(id, 0, GETVAL), 0);
	CHECK_SYS(semctl(id, 0, IPC_RMID));
	return zdtm_pass();
}
