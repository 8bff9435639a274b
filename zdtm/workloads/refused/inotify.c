// An inotify queue with an event in it is refused by name, and keeps the event.
// rows: F5
// refused: kind=inotify
#include "zdtm.h"

#include <sys/inotify.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = CHECK_SYS(inotify_init1(0));
	CHECK_SYS(inotify_add_watch(fd, ".", IN_CREATE));
	zdtm_spit("made", "");

	zdtm_checkpoint_here();

	char event[sizeof(struct inotify_event) + NAME_MAX + 1];
	CHECK(read(fd, event, sizeof(event)) > 0);
	CHECK(strcmp(((struct inotify_event *)event)->name, "made") == 0);
	return zdtm_pass();
}
