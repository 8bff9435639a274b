// Locked mappings stay locked, the ones beside them stay unlocked.
// rows: M5
// attr: grid
#include "zdtm.h"

static long locked_kib(void)
{
	char text[8192];
	zdtm_slurp("/proc/self/status", text, sizeof(text));
	const char *line = strstr(text, "VmLck:");
	CHECK(line);
	return atol(line + 6);
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS, rw = PROT_READ | PROT_WRITE;
	char *const part = CHECK_SYS(mmap(NULL, 8 * page, rw, flags, -1, 0));
	char *const whole = CHECK_SYS(mmap(NULL, 2 * page, rw, flags | MAP_LOCKED, -1, 0));
	char *const on_fault = CHECK_SYS(mmap(NULL, 4 * page, rw, flags, -1, 0));
	char *const shared = zdtm_shared_memory(2 * page);
	CHECK_SYS(mlock(part + 2 * page, 3 * page));
	CHECK_SYS(mlock(shared, page));
	CHECK_SYS(mlock2(on_fault, 4 * page, MLOCK_ONFAULT));
	zdtm_fill(part, 8 * page, 1);
	const long before = locked_kib();
	CHECK_EQ(before, (long)(10 * page / 1024));

	zdtm_checkpoint_here();

	CHECK_EQ(locked_kib(), before);
	CHECK(!zdtm_vm_flag(part, "lo") && zdtm_vm_flag(part + 2 * page, "lo") &&
	      !zdtm_vm_flag(part + 5 * page, "lo"));
	CHECK(zdtm_vm_flag(whole, "lo") && zdtm_vm_flag(shared, "lo") && zdtm_vm_flag(on_fault, "lo"));
	CHECK(zdtm_filled(part, 8 * page, 1));
	unsigned char in_memory[4] = {9, 9, 9, 9};
	CHECK_SYS(mincore(on_fault, 4 * page, in_memory));
	for (int i = 0; i < 4; i++) // locked on fault: not one of them was faulted
		CHECK_EQ(in_memory[i] & 1, 0);
	CHECK_SYS(munlock(part + 2 * page, 3 * page));
	return zdtm_pass();
}
