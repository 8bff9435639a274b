// A perf event is refused by name, and goes on counting.
// rows: F7
// attr: needs=perf_events
// refused: kind=perf-event
#include "zdtm.h"

#include <linux/perf_event.h>

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_PAGE_FAULTS};
	const int fd = NEEDS(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0), "perf_events");

	zdtm_checkpoint_here();

	uint64_t count;
	CHECK_EQ(read(fd, &count, sizeof(count)), sizeof(count));
	return zdtm_pass();
}
