// oom_score_adj, coredump_filter and the personality of a task are kept, per task.
// rows: T8
#include "zdtm.h"

#include <sys/personality.h>

struct attributes {
	const char *oom, *dump;
	unsigned long personality;
};

static void expect(const char *path, const char *want)
{
	char text[64];
	zdtm_slurp(path, text, sizeof(text));
	if (strtol(text, NULL, strstr(path, "oom") ? 10 : 16) !=
	    strtol(want, NULL, strstr(path, "oom") ? 10 : 16))
		FAIL("%s is %s instead of %s", path, text, want);
}

static int child(void *arg)
{
	const struct attributes *mine = arg;
	zdtm_spit("/proc/self/oom_score_adj", mine->oom);
	zdtm_spit("/proc/self/coredump_filter", mine->dump);
	const unsigned long persona = (personality(0xffffffff) & ~0xffff0000ul) | mine->personality;
	CHECK_SYS(personality(persona));
	zdtm_checkpoint_here();
	expect("/proc/self/oom_score_adj", mine->oom);
	expect("/proc/self/coredump_filter", mine->dump);
	CHECK_EQ(personality(0xffffffff), persona);
	return zdtm_pass();
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct attributes kinds[] = {
		{"500", "0x7f", ADDR_NO_RANDOMIZE},
		{"1000", "0x0", ADDR_COMPAT_LAYOUT | STICKY_TIMEOUTS},
		{"0", "0x33", 0},
	};
	pid_t children[3];
	for (int i = 0; i < 3; i++)
		children[i] = zdtm_spawn(child, &kinds[i]);

	zdtm_checkpoint_here();

	for (int i = 0; i < 3; i++)
		zdtm_join(children[i]);
	return zdtm_pass();
}
