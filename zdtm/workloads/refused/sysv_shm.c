// An attached System V segment is refused by name, and keeps its content.
// rows: I1
// attr: needs=sysvipc
// refused: kind=sysv-shm
#include "zdtm.h"

#include <sys/ipc.h>
#include <sys/shm.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int id = NEEDS(shmget(IPC_PRIVATE, 8192, IPC_CREAT | 0600), "sysvipc");
	char *const area = CHECK_SYS((char *)shmat(id, NULL, 0));
	CHECK_SYS(shmctl(id, IPC_RMID, NULL)); // lives as long as someone is attached
	zdtm_fill(area, 8192, 1);

	zdtm_checkpoint_here();

	CHECK(zdtm_filled(area, 8192, 1));
	return zdtm_pass();
}
