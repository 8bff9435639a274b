// A hundred children of one parent keep their pids and their own memory.
// rows: T1 T2 M1
#include "zdtm.h"

enum { kChildren = 100 };

static int child(void *arg)
{
	const int number = *(int *)arg;
	unsigned char *area = malloc(3 * zdtm_page());
	CHECK(area);
	zdtm_fill(area, 3 * zdtm_page(), number);

	zdtm_checkpoint_here();

	CHECK(zdtm_filled(area, 3 * zdtm_page(), number));
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	pid_t children[kChildren];
	for (int i = 0; i < kChildren; i++)
		children[i] = zdtm_spawn(child, &i);

	zdtm_checkpoint_here();

	for (int i = 0; i < kChildren; i++)
		zdtm_join(children[i]);
	return zdtm_pass();
}
