// Threads deep in nested calls, with known values in variables, thread locals and registers: for debuggers.
// rows: R1 T5
// attr: threads
#include "zdtm.h"

enum { kWaiting = 3, kDepth = 3 };

uint32_t in_data = 0x600df00d;
uint32_t in_bss[5000];     // far enough in for a page of its own
uint32_t* in_shared;       // one page written to, in the middle of three
uint32_t* in_reservation;  // far behind a long stretch that nobody wrote to
_Thread_local uint32_t in_thread = 1;

static _Atomic uint32_t gate, ready, go;

__attribute__((noinline)) static uint32_t innermost(uint32_t product) {
  ready++;
  zdtm_futex_wait_while(&gate, 0);
  return product;
}

__attribute__((noinline)) uint32_t nested(uint32_t level, uint32_t product) {
  const uint32_t below = level == 0 ? innermost(product) : nested(level - 1, product * 3);
  return below + in_thread;  // used after the call, so no frame is saved
}

static void* waiting(void* number) {
  in_thread = 100 + (uint32_t)(uintptr_t)number;
  return (void*)(uintptr_t)nested(kDepth, in_thread);
}

// Spins with values that nobody else has.
__attribute__((noinline)) uint32_t spinning(_Atomic uint32_t* word) {
  static const uint32_t lanes[4]
      __attribute__((aligned(16))) = {0x11111111, 0x22222222, 0x33333333, 0x44444444};
  static const double tower = 0.125;
  uint32_t found;
  ready++;
  __asm__ volatile(
      "fldl %[tower]\n\t"
      "movdqa %[lanes], %%xmm5\n\t"
      "movl $0x51515151, %%esi\n\t"
      "movl $0xd1d1d1d1, %%edi\n"
      "1: pause\n\t"
      "cmpl $0, (%[word])\n\t"
      "je 1b\n\t"
      "fstp %%st(0)\n\t"
      "movl %%esi, %[found]"
      : [found] "=a"(found)
      : [word] "d"(word), [lanes] "m"(lanes), [tower] "m"(tower)
      : "esi", "edi", "xmm5", "memory", "cc");
  return found;
}

static void* spinner(void* unused) {
  (void)unused;
  return (void*)(uintptr_t)(spinning(&go) + 1);
}

int main(int argc, char** argv) {
  zdtm_init(argc, argv);
  in_bss[4000] = 0xb55b55b5;
  in_shared = zdtm_shared_memory(3 * zdtm_page());
  in_shared[zdtm_page() / sizeof(uint32_t)] = 0x5a5a5a5a;
  const size_t far = 64 << 20;
  in_reservation = CHECK_SYS(mmap(NULL, far + zdtm_page(), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  in_reservation[0] = 0xfee1fee1;
  in_reservation[far / sizeof(uint32_t)] = 0xfa12fa12;
  pthread_t threads[kWaiting + 1];
  for (int i = 0; i < kWaiting; i++) threads[i] = zdtm_thread(waiting, (void*)(uintptr_t)i);
  threads[kWaiting] = zdtm_thread(spinner, NULL);
  while (ready != kWaiting + 1) nanosleep(&(struct timespec){0, 1000000}, NULL);

  zdtm_checkpoint_here();

  go = 1;
  zdtm_futex_set(&gate, 1);
  for (int i = 0; i <= kWaiting; i++) zdtm_join_thread(threads[i]);
  CHECK_EQ(in_bss[4000], 0xb55b55b5);
  return zdtm_pass();
}
