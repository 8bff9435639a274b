// A program without a C library, whose images are kept: it holds memory, and with an argument a child of the
// other word size and a pipe with data. No vdso, which is another one in every kernel, and no limit that a
// restore would have to raise.
#include <asm/unistd.h>
#include <linux/resource.h>
#include <linux/signal.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 4096
#define PAGES 5
#define USR2 (1ul << (SIGUSR2 - 1))

static long call(long number, long a, long b, long c, long d) {
  long result;
#ifdef __x86_64__
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
#else
  __asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
#endif
  return result;
}

static uint32_t in_data[PAGE] = {1, 2, 3};
static uint32_t in_bss[PAGE];
static char maps[16 * PAGE];

static uint32_t value(uint32_t place) { return (place + 1) * 2654435761u; }

static void fill(uint32_t* words) {
  for (uint32_t i = 0; i < PAGE; i++) words[i] = value(i);
}

static int is_filled(const uint32_t* words) {
  for (uint32_t i = 0; i < PAGE; i++)
    if (words[i] != value(i)) return 0;
  return 1;
}

static unsigned long number(const char** text) {
  unsigned long result = 0;
  for (;; (*text)++) {
    const char c = **text;
    if (c >= '0' && c <= '9')
      result = result * 16 + (c - '0');
    else if (c >= 'a' && c <= 'f')
      result = result * 16 + (c - 'a' + 10);
    else
      return result;
  }
}

// The lines of maps whose name begins with "[v" but for "[vsyscall]", which cannot be unmapped.
static void unmap_vdso(void) {
  const long fd = call(__NR_open, (long)"/proc/self/maps", 0, 0, 0);
  for (long size = 0, got = 1; got > 0; size += got)
    got = call(__NR_read, fd, (long)(maps + size), sizeof(maps) - 1 - size, 0);
  call(__NR_close, fd, 0, 0, 0);
  for (const char* line = maps; *line; line++) {
    const unsigned long start = number(&line);
    line++;
    const unsigned long end = number(&line);
    while (*line != '\n' && *line != '[') line++;
    if (line[0] == '[' && line[1] == 'v' && line[2] != 's') call(__NR_munmap, start, end - start, 0, 0);
    while (*line != '\n') line++;
  }
}

static void lower_limits(void) {
  static const unsigned long most[] = {86400, 1 << 20, 64 << 20, 8 << 20, 0,    64 << 20, 100, 64,
                                       65536, 1 << 30, 10,       100,     8192, 0,        0,   1000000};
  for (unsigned what = 0; what < sizeof(most) / sizeof(most[0]); what++) {
    const unsigned long both[2] = {most[what], most[what]};
    call(__NR_setrlimit, what, (long)both, 0, 0);
  }
}

static void wait_for_signal(void) {
  const uint64_t mask = USR2;
  while (call(__NR_rt_sigtimedwait, (long)&mask, 0, 0, 8) != SIGUSR2) {
  }
}

static long start_child(const char* program) {
  const long pid = call(__NR_fork, 0, 0, 0, 0);
  if (pid != 0) return pid;
  const char *argv[] = {program, NULL}, *envp[] = {NULL};
  call(__NR_execve, (long)program, (long)argv, (long)envp, 0);
  call(__NR_exit, 100, 0, 0, 0);
  return 0;
}

// The argument is the child's program.
static int run(long argc, char** argv) {
  const uint64_t mask = USR2;
  uint32_t on_stack[PAGE];
  char text[8] = "";
  int ends[2] = {-1, -1};
  long child = 0;
  call(__NR_rt_sigprocmask, 0, (long)&mask, 0, 8);
  if (argc > 1) {
    call(__NR_pipe, (long)ends, 0, 0, 0);
    call(__NR_write, ends[1], (long)"in pipe", 8, 0);
    child = start_child(argv[1]);
  }
  lower_limits();
  unmap_vdso();
  fill(in_data), fill(in_bss), fill(on_stack);
  wait_for_signal();
  if (!is_filled(in_data) || !is_filled(in_bss) || !is_filled(on_stack)) return 1;
  if (child == 0) return 0;
  int status = -1;
  call(__NR_kill, child, SIGUSR2, 0, 0);
  if (call(__NR_wait4, child, (long)&status, 0, 0) != child || status != 0) return 2;
  if (call(__NR_read, ends[0], (long)text, sizeof(text), 0) != 8) return 3;
  for (int i = 0; i < 8; i++)
    if (text[i] != "in pipe"[i]) return 4;
  return 0;
}

__attribute__((used)) void begin(long* stack) {
  call(__NR_exit_group, run(stack[0], (char**)(stack + 1)), 0, 0, 0);
}

#ifdef __x86_64__
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin");
#else
__asm__(".globl _start\n_start: mov %esp, %eax\n and $-16, %esp\n sub $12, %esp\n push %eax\n call begin");
#endif
