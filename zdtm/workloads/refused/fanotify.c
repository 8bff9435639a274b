// A fanotify group is refused by name, and goes on reporting.
// rows: F5
// attr: needs=fanotify
// refused: kind=fanotify
#include "zdtm.h"

#include <sys/fanotify.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const int fd = NEEDS(fanotify_init(FAN_CLASS_NOTIF, O_RDONLY), "fanotify");
	zdtm_spit("watched", "");
	CHECK_SYS(fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, "watched"));

	zdtm_checkpoint_here();

	struct fanotify_event_metadata event;
	CHECK_SYS(close(CHECK_SYS(open("watched", O_RDONLY))));
	CHECK(read(fd, &event, sizeof(event)) >= (ssize_t)sizeof(event));
	CHECK(event.mask & FAN_OPEN);
	return zdtm_pass();
}
