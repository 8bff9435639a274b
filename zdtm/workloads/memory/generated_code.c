// Code that was written at run time still runs, in a private page, in a shared one and in the program's own text.
// rows: M1 M5
// attr: grid
#include "zdtm.h"

// mov $value, %eax; ret - in both word sizes.
static void generate(unsigned char *at, uint32_t value)
{
	const unsigned char code[] = {0xb8, value, value >> 8, value >> 16, value >> 24, 0xc3};
	memcpy(at, code, sizeof(code));
}

static uint32_t run(const void *at)
{
	uint32_t (*function)(void) = (uint32_t(*)(void))(uintptr_t)at;
	return function();
}

__attribute__((noinline, aligned(4096))) static uint32_t patched(void)
{
	asm volatile(".skip 64, 0x90"); // room for the patch
	return 1;
}

int main(int argc, char **argv)
{
	zdtm_init(argc, argv);
	const size_t page = zdtm_page();
	const int rw = PROT_READ | PROT_WRITE, rx = PROT_READ | PROT_EXEC;
	unsigned char *const strict = CHECK_SYS(mmap(NULL, page, rw, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	unsigned char *const loose = CHECK_SYS(mmap(NULL, page, rw | rx, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	unsigned char *const shared = zdtm_shared_memory(page);
	generate(strict, 1001);
	generate(loose, 1002);
	generate(shared, 1003);
	CHECK_SYS(mprotect(strict, page, rx));
	CHECK_SYS(mprotect(shared, page, rx));
	void *const own_text = (void *)((uintptr_t)patched & -page);
	CHECK_EQ(patched(), 1);
	CHECK_SYS(mprotect(own_text, page, rw | rx));
	generate((void *)(uintptr_t)patched, 1004);
	CHECK_SYS(mprotect(own_text, page, rx));

	zdtm_checkpoint_here();

	CHECK_EQ(run(strict), 1001);
	CHECK_EQ(run(loose), 1002);
	CHECK_EQ(run(shared), 1003);
	CHECK_EQ(run((void *)(uintptr_t)patched), 1004);
	generate(loose, 2002); // it may still be written and run
	CHECK_EQ(run(loose), 2002);
	const int zero = CHECK_SYS(open("/dev/zero", O_RDONLY));
	CHECK_ERRNO(read(zero, strict, 1), EFAULT);
	return zdtm_pass();
}
