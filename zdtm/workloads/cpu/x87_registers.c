// The x87 stack, its control, status and tag words, and MXCSR are the same after the checkpoint.
// rows: R3
// attr: threads
#include "spin.h"

#define BASE 0x20000000

// Five values on the x87 stack (three slots stay empty), odd rounding and precision, sticky exceptions set; then
// it spins. It runs twice: at once for what to expect, and across the checkpoint.
void *spin_x87(void *);
// clang-format off
asm(".text\nspin_x87:\nfninit\nldmxcsr " SPIN_AT(BASE, 0x100) "\nfldcw " SPIN_AT(BASE, 0x108) "\n"
    "fldpi\nfldl2e\nfldln2\nfldlg2\nfld1\nfldz\nfdivrp\n"	// the division by zero leaves its mark
    "movl $1, " SPIN_AT(BASE, SPIN_HERE) "\n1: pause\ncmpl $0, " SPIN_AT(BASE, SPIN_GO) "\nje 1b\n"
    "fxsave " SPIN_AT(BASE, SPIN_OUT) "\nfninit\nldmxcsr " SPIN_AT(BASE, 0x10c) "\nret\n");
// clang-format on

static _Atomic uint32_t other_tid;

static void *other_words(void *arg)
{
	// The neighbour has other rounding: state is per thread.
	uint32_t mxcsr = 0x1f80 | 0x4000, now = 0;
	uint16_t control = 0x037f | 0x0400, control_now = 0;
	asm volatile("ldmxcsr %0\nfldcw %1" ::"m"(mxcsr), "m"(control));
	atomic_store(&other_tid, zdtm_tid());
	zdtm_futex_wait_while(arg, 0);
	asm volatile("stmxcsr %0\nfnstcw %1" : "=m"(now), "=m"(control_now));
	CHECK_EQ(now & 0xffc0, mxcsr & 0xffc0);
	CHECK_EQ(control_now, control);
	return NULL;
}

int main(int argc, char **argv)
{
	static unsigned char expected[512];
	static _Atomic uint32_t go;
	zdtm_init(argc, argv);
	spin_map(BASE);
	*spin_word(BASE, 0x100) = 0x1f80 | 0x6000 | 0x8000 | 0x21; // to zero, flush, invalid and inexact seen
	*spin_word(BASE, 0x108) = 0x037f & ~0x0300;		   // single precision
	*spin_word(BASE, 0x10c) = 0x1f80;
	*spin_word(BASE, SPIN_GO) = 1;
	spin_x87(NULL);
	memcpy(expected, (void *)(BASE + SPIN_OUT), sizeof(expected));
	memset((void *)(BASE + SPIN_OUT), 0, sizeof(expected));
	*spin_word(BASE, SPIN_GO) = *spin_word(BASE, SPIN_HERE) = 0;
	const pthread_t thread = spin_start(spin_x87, BASE), other = zdtm_thread(other_words, &go);
	while (!atomic_load(&other_tid))
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	zdtm_until_asleep(other_tid);

	zdtm_checkpoint_here();

	spin_stop(thread, BASE);
	zdtm_futex_set(&go, 1);
	zdtm_join_thread(other);
	const unsigned char *found = (void *)(BASE + SPIN_OUT);
	// Bytes 6-23 are the last opcode and its addresses, which CPUs keep only after an unmasked exception.
	CHECK(memcmp(found, expected, 6) == 0);
	CHECK(memcmp(found + 24, expected + 24, 8) == 0);
	for (int slot = 0; slot < 8; slot++)
		CHECK(memcmp(found + 32 + 16 * slot, expected + 32 + 16 * slot, 10) == 0);
	CHECK((expected[2] | expected[3] << 8) & 4); // the division was seen at all
	return zdtm_pass();
}
