// Functions in assembly that fill registers, spin until a word in memory changes, and store what they then have.
#ifndef ZDTM_SPIN_H
#define ZDTM_SPIN_H

#include "zdtm.h"

// The memory they use has a fixed low address, so no register is spent on reaching it in either word size.
#define SPIN_AREA 0x20000000
enum { kSpinSize = 0x4000 };

#define SPIN_STR_(x) #x
#define SPIN_STR(x) SPIN_STR_(x)
#define SPIN_AT(base, offset) SPIN_STR(base) "+" SPIN_STR(offset)

#define SPIN_IN 0x0	  // the pattern
#define SPIN_OUT 0x1000	  // what was found afterwards
#define SPIN_GO 0x2000	  // the word that ends the spinning
#define SPIN_HERE 0x2004  // set when the pattern is in place
#define SPIN_SAVED 0x2008 // the stack pointer meanwhile

static inline volatile uint32_t *spin_word(uintptr_t base, unsigned offset)
{
	return (volatile uint32_t *)(base + offset);
}

static inline void spin_map(uintptr_t base)
{
	void *const area = CHECK_SYS(mmap((void *)base, kSpinSize, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	CHECK((uintptr_t)area == base);
}

// Runs `spin` (made for this base) in its own thread across the checkpoint.
static inline pthread_t spin_start(void *(*spin)(void *), uintptr_t base)
{
	const pthread_t thread = zdtm_thread(spin, NULL);
	while (!*spin_word(base, SPIN_HERE))
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	return thread;
}

static inline void spin_stop(pthread_t thread, uintptr_t base)
{
	*spin_word(base, SPIN_GO) = 1;
	zdtm_join_thread(thread);
}

#endif
