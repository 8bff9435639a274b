// madvise flags are kept and do what they say: not inherited, wiped on fork, not dumped, read order, huge or not.
// rows: M5
#include "zdtm.h"

struct advice {
	int number;
	const char *flag;
	bool optional; // depends on the kernel's configuration
	char *area;
};

static struct advice all[] = {
	{MADV_DONTFORK, "dc", false, NULL},  {MADV_WIPEONFORK, "wf", false, NULL},
	{MADV_DONTDUMP, "dd", false, NULL},  {MADV_SEQUENTIAL, "sr", false, NULL},
	{MADV_RANDOM, "rr", false, NULL},    {MADV_HUGEPAGE, "hg", true, NULL},
	{MADV_NOHUGEPAGE, "nh", true, NULL}, {MADV_MERGEABLE, "mg", true, NULL},
};
enum { kCount = sizeof(all) / sizeof(all[0]), kPages = 3 };

static int child(void *arg)
{
	(void)arg;
	CHECK_ERRNO(msync(all[0].area, zdtm_page(), MS_ASYNC), ENOMEM);
	for (int i = 1; i < kCount; i++)
		if (all[i].number == MADV_WIPEONFORK)
			CHECK(all[i].area[0] == 0 && all[i].area[100] == 0);
		else
			CHECK(zdtm_filled(all[i].area, kPages * zdtm_page(), i));
	return 0;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t size = kPages * zdtm_page();
	char *const apart =
		CHECK_SYS(mmap(NULL, 2 * kCount * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (int i = 0; i < kCount; i++) {
		all[i].area = apart + 2 * i * size;
		CHECK_SYS(mprotect(all[i].area, size, PROT_READ | PROT_WRITE));
		zdtm_fill(all[i].area, size, i);
		const int result = madvise(all[i].area, size, all[i].number);
		if (result && !(all[i].optional && errno == EINVAL))
			FAIL("madvise %d: %s", all[i].number, strerror(errno));
		if (result)
			all[i].flag = NULL;
	}

	zdtm_checkpoint_here();

	for (int i = 0; i < kCount; i++) {
		CHECK(zdtm_filled(all[i].area, size, i));
		for (int k = 0; k < kCount; k++)
			if (all[k].flag && zdtm_vm_flag(all[i].area, all[k].flag) != (i == k))
				FAIL("flag %s of area %d is wrong", all[k].flag, i);
	}
	const pid_t relative = CHECK_SYS(fork());
	if (relative == 0)
		_exit(child(NULL));
	int status;
	CHECK_EQ(waitpid(relative, &status, 0), relative);
	CHECK_EQ(status, 0);
	return zdtm_pass();
}
