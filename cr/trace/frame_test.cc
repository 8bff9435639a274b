// A real child whose registers, XSAVE state and mask were all overwritten comes home by rt_sigreturn over its
// frame.
#include "cr/trace/frame.h"

#include <sys/syscall.h>

#include <cstring>
#include <random>

#include "cr/sys/process.h"
#include "cr/trace/trace_testing.h"

namespace cr::trace {
namespace {

// Without XSTATE_BV: the CPU may or may not note that a component is in its initial state.
std::vector<std::byte> contents(std::vector<std::byte> xstate) {
  constexpr size_t kXstateBvAt = 512, kXstateBvSize = 8;
  std::fill_n(xstate.begin() + kXstateBvAt, kXstateBvSize, std::byte{0});
  return xstate;
}

// One page of code below 4 GiB (for both word sizes), one of stack, and room for a frame. Mapped before the
// fork.
struct Arena {
  static constexpr uint64_t kSize = 1 << 16;
  static constexpr uint64_t kFrameAt = 1 << 13;
  Arena() {
    void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    base = reinterpret_cast<uint64_t>(memory);
    const unsigned char code[] = {0xeb, 0xfe,  // 0: jmp to itself, in both word sizes
                                  0xb8, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05,  // 2: mov $15, %eax; syscall
                                  0x0f, 0x0b};                               // 9: ud2
    std::memcpy(memory, code, sizeof(code));
  }
  ~Arena() { ::munmap(reinterpret_cast<void*>(base), kSize); }
  uint64_t spin() const { return base; }
  uint64_t sigreturn() const { return base + 2; }
  uint64_t frame() const { return base + kFrameAt; }
  uint64_t stack() const { return base + kFrameAt - 128; }
  uint64_t base = 0;
};

// Seized and brought to a PTRACE_EVENT_STOP.
bool stop(pid_t tid) {
  if (!interrupt(tid)) return false;
  int status = 0;
  return ::waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_STOP;
}

ThreadState take(pid_t tid) {
  ThreadState state;
  state.tid = tid;
  state.regs = get_regs(tid).value();
  state.xstate = get_xstate(tid).value();
  state.signal_mask = get_signal_mask(tid).value();
  return state;
}

// Numbers in all registers that user code has, spinning at the arena's loop.
user_regs_struct telling_registers(const user_regs_struct& from, const Arena& arena, bool compat) {
  user_regs_struct regs = from;
  const uint64_t high = compat ? 0 : 0x1122334400000000;
  regs.rax = high + 1, regs.rbx = high + 2, regs.rcx = high + 3, regs.rdx = high + 4;
  regs.rsi = high + 5, regs.rdi = high + 6, regs.rbp = high + 7;
  regs.r8 = high + 8, regs.r9 = high + 9, regs.r10 = high + 10, regs.r11 = high + 11;
  regs.r12 = high + 12, regs.r13 = high + 13, regs.r14 = high + 14, regs.r15 = high + 15;
  regs.rip = arena.spin();
  regs.rsp = arena.stack();
  regs.eflags = 0x246 | 0x400 | 0x1;  // zero, parity, interrupts; direction and carry too
  regs.orig_rax = ~uint64_t{0};
  regs.cs = compat ? 0x23 : 0x33;
  regs.ss = 0x2b;
  return regs;
}

// x87 and SSE registers, and the upper halves of AVX where the CPU has them: bytes that follow from the seed.
std::vector<std::byte> telling_xstate(std::vector<std::byte> xstate, uint64_t seed) {
  std::mt19937_64 random(seed);
  for (size_t at = 160; at < 160 + 256; ++at) xstate[at] = static_cast<std::byte>(random());
  uint64_t components;
  std::memcpy(&components, xstate.data() + 512, 8);
  uint64_t enabled;
  std::memcpy(&enabled, xstate.data() + 464, 8);  // the kernel writes XCR0 into the software-reserved bytes
  components |= 3;
  if ((enabled & 4) != 0) {
    components |= 4;
    for (size_t at = 576; at < 576 + 256; ++at) xstate[at] = static_cast<std::byte>(random());
  }
  std::memcpy(xstate.data() + 512, &components, 8);
  return xstate;
}

void expect_same_registers(const user_regs_struct& a, const user_regs_struct& b, bool compat) {
  const auto equal = [](const char* name, uint64_t x, uint64_t y) { EXPECT_EQ(x, y) << name; };
  equal("rax", a.rax, b.rax), equal("rbx", a.rbx, b.rbx), equal("rcx", a.rcx, b.rcx),
      equal("rdx", a.rdx, b.rdx);
  equal("rsi", a.rsi, b.rsi), equal("rdi", a.rdi, b.rdi), equal("rbp", a.rbp, b.rbp),
      equal("rsp", a.rsp, b.rsp);
  equal("rip", a.rip, b.rip), equal("eflags", a.eflags, b.eflags), equal("cs", a.cs, b.cs),
      equal("ss", a.ss, b.ss);
  equal("fs_base", a.fs_base, b.fs_base), equal("gs_base", a.gs_base, b.gs_base);
  equal("fs", a.fs, b.fs), equal("gs", a.gs, b.gs), equal("ds", a.ds, b.ds), equal("es", a.es, b.es);
  if (compat) return;  // 32-bit code has no others, and the kernel may clear them
  equal("r8", a.r8, b.r8), equal("r9", a.r9, b.r9), equal("r10", a.r10, b.r10), equal("r11", a.r11, b.r11);
  equal("r12", a.r12, b.r12), equal("r13", a.r13, b.r13), equal("r14", a.r14, b.r14),
      equal("r15", a.r15, b.r15);
}

void comes_home(bool compat) {
  const Arena arena;
  const Child child([] {
    for (;;) ::pause();
  });
  const pid_t tid = child.pid();
  ASSERT_TRUE(seize(tid, 0));
  ASSERT_TRUE(stop(tid));
  const SignalSet mask = signal_bit(SIGUSR1) | signal_bit(SIGRTMIN + 3);
  ASSERT_TRUE(set_regs(tid, telling_registers(get_regs(tid).value(), arena, compat)));
  ASSERT_TRUE(set_xstate(tid, telling_xstate(get_xstate(tid).value(), 1)));
  ASSERT_TRUE(set_signal_mask(tid, mask));
  ASSERT_TRUE(resume(tid));
  ASSERT_TRUE(stop(tid));
  const ThreadState home = take(tid);
  ASSERT_EQ(home.regs.rip, arena.spin());

  // Everything else is spoilt, as an agent would.
  const std::string frame = home_frame(home, arena.frame());
  ASSERT_EQ(frame.size(), home_frame_size(home));
  ASSERT_LE(Arena::kFrameAt + frame.size(), Arena::kSize);
  ASSERT_TRUE(sys::write_memory(tid, {arena.frame()}, std::as_bytes(std::span(frame))));
  user_regs_struct away = home.regs;
  away.rax = away.rbx = away.rcx = away.rdx = away.rsi = away.rdi = away.rbp = 0xdead;
  away.r8 = away.r9 = away.r10 = away.r11 = away.r12 = away.r13 = away.r14 = away.r15 = 0xbeef;
  away.cs = 0x33, away.eflags = 0x202;
  away.rip = arena.sigreturn();
  away.rsp = arena.frame();
  ASSERT_TRUE(set_regs(tid, away));
  ASSERT_TRUE(set_xstate(tid, telling_xstate(home.xstate, 2)));
  ASSERT_TRUE(set_signal_mask(tid, kAllSignals));
  ASSERT_NE(get_xstate(tid).value(), home.xstate);
  ASSERT_TRUE(resume(tid));
  std::this_thread::sleep_for(20ms);
  ASSERT_TRUE(stop(tid)) << "it did not come back to its loop";

  const ThreadState back = take(tid);
  expect_same_registers(home.regs, back.regs, compat);
  EXPECT_EQ(contents(back.xstate), contents(home.xstate));
  EXPECT_EQ(back.signal_mask, home.signal_mask);
}

TEST(HomeFrame, BringsEverythingBackInto64BitCode) { comes_home(false); }

TEST(HomeFrame, BringsEverythingBackInto32BitCode) { comes_home(true); }

TEST(HomeFrame, KeepsTheAlternateSignalStack) {
  const Arena arena;
  SharedValue<std::atomic<uint64_t>> seen;
  static char altstack[1 << 16];
  Child child([&] {
    stack_t stack{};
    stack.ss_sp = altstack, stack.ss_size = sizeof(altstack);
    ::sigaltstack(&stack, nullptr);
    *seen = 1;
    while (*seen != 2) {
    }
    stack_t now{};
    ::sigaltstack(nullptr, &now);
    ::_exit(now.ss_sp == altstack && now.ss_size == sizeof(altstack) && now.ss_flags == 0 ? 0 : 1);
  });
  const pid_t tid = child.pid();
  ASSERT_TRUE(eventually([&] { return *seen == 1; }));
  ASSERT_TRUE(seize(tid, 0));
  ASSERT_TRUE(stop(tid));
  const ThreadState home = take(tid);
  const std::string frame = home_frame(home, arena.frame());
  ASSERT_TRUE(sys::write_memory(tid, {arena.frame()}, std::as_bytes(std::span(frame))));
  user_regs_struct away = home.regs;
  away.rip = arena.sigreturn(), away.rsp = arena.frame(), away.orig_rax = ~uint64_t{0};
  ASSERT_TRUE(set_regs(tid, away));
  ASSERT_TRUE(detach(tid));
  *seen = 2;
  EXPECT_EQ(child.exit_status(), 0);
}

// What an agent does whose engine is dead: the call that the stop interrupted is made again.
TEST(HomeFrame, MakesAnInterruptedCallAgain) {
  const Arena arena;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  Child child([&] {
    char byte = 0;
    ::_exit(::read(ends[0], &byte, 1) == 1 ? byte : 100);
  });
  const pid_t tid = child.pid();
  ASSERT_TRUE(eventually([&] { return state_of(tid) == 'S'; }));
  ASSERT_TRUE(seize(tid, 0));
  ASSERT_TRUE(stop(tid));
  const ThreadState home = take(tid);
  ASSERT_EQ(restart_of(home.regs), Restart::kSame);
  const std::string frame = home_frame(home, arena.frame());
  ASSERT_TRUE(sys::write_memory(tid, {arena.frame()}, std::as_bytes(std::span(frame))));
  user_regs_struct away = home.regs;
  away.rip = arena.sigreturn(), away.rsp = arena.frame(), away.orig_rax = ~uint64_t{0};
  ASSERT_TRUE(set_regs(tid, away));
  ASSERT_TRUE(detach(tid));
  ASSERT_TRUE(eventually([&] { return state_of(tid) == 'S'; })) << "it waits again";
  ASSERT_EQ(::write(ends[1], "\x2a", 1), 1);
  EXPECT_EQ(child.exit_status(), 42);
  ::close(ends[0]), ::close(ends[1]);
}

}  // namespace
}  // namespace cr::trace
