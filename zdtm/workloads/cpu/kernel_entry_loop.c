// The other ways into the kernel and its vdso survive a stop at any moment: vsyscall, sysenter, syscall.
// rows: R7 M4
// attr: loops needs=vsyscall
#include "zdtm.h"

#ifdef __x86_64__
// The page at the fixed address: it is emulated, so the task is in no ordinary system call there.
static bool present(void)
{
	char *const text = malloc(1 << 16);
	zdtm_slurp("/proc/self/maps", text, 1 << 16);
	const bool found = strstr(text, "[vsyscall]") != NULL;
	free(text);
	return found;
}

static void step(void)
{
	time_t (*const old_time)(time_t *) = (void *)0xffffffffff600400;
	long (*const old_cpu)(unsigned *, unsigned *, void *) = (void *)0xffffffffff600800;
	unsigned cpu = 77777;
	const time_t before = time(NULL), now = old_time(NULL), after = time(NULL);
	CHECK(before <= now + 1 && now <= after + 1);
	CHECK_EQ(old_cpu(&cpu, NULL, NULL), 0);
	CHECK(cpu < 4096);
	long result;
	asm volatile("syscall" : "=a"(result) : "0"(SYS_getpid) : "rcx", "r11", "memory");
	CHECK_EQ(result, getpid());
}
#else
static bool present(void)
{
	return true;
}

// The vdso's entry, which is sysenter or syscall, whatever the CPU has.
static void step(void)
{
	long result, b = 0xb0b, c = 0xc0c, d = 0xd0d, s = 0x50, i = 0xd1;
	asm volatile("call *%%gs:0x10"
		     : "=a"(result), "+b"(b), "+c"(c), "+d"(d), "+S"(s), "+D"(i)
		     : "0"(SYS_getpid)
		     : "memory");
	CHECK_EQ(result, getpid());
	CHECK(b == 0xb0b && c == 0xc0c && d == 0xd0d && s == 0x50 && i == 0xd1);
}
#endif

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	if (!present())
		zdtm_skip("vsyscall");
	while (zdtm_running())
		for (int i = 0; i < 500; i++)
			step();
	return zdtm_pass();
}
