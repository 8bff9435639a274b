// A task whose calls are being caught is refused by name, and no call of anybody else's is made in its name.
// rows: T10
// attr: needs=syscall_user_dispatch
// refused: kind=syscall-user-dispatch
#include "zdtm.h"

static volatile char selector; // 0 allows, 1 catches
static volatile int caught;

static void on_sys(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)info;
	(void)context;
	selector = 0;
	caught++;
}

// From where libc lies, and where it makes its calls: a 32-bit one through the vdso.
static void find_own_calls(unsigned long *low, unsigned long *high)
{
	FILE *const maps = fopen("/proc/self/maps", "r");
	CHECK(maps != NULL);
	char line[512];
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end;
		CHECK_EQ(sscanf(line, "%lx-%lx", &start, &end), 2);
		if (!strstr(line, "libc.so") && !(sizeof(long) == 4 && strstr(line, "[vdso]")))
			continue;
		if (start < *low)
			*low = start;
		if (end > *high)
			*high = end;
	}
	fclose(maps);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	struct sigaction action = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};
	CHECK_SYS(sigaction(SIGSYS, &action, NULL));
	unsigned long low = ~0ul, high = 0;
	find_own_calls(&low, &high);
	enum { kDispatch = 59, kOn = 1 };
	NEEDS(prctl(kDispatch, kOn, low, high - low, &selector), "syscall user dispatch");

	selector = 1;
	zdtm_checkpoint_here();
	CHECK_EQ(selector, 1);
	CHECK_EQ(caught, 0);
	selector = 0;
	return zdtm_pass();
}
