// Home again: an agent run over a signal frame of the interrupted context leaves no trace in it, in both word
// sizes.
#include <elf.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>

#include <cstring>

#include "cr/executor/test_task.h"
#include "cr/sys/cpu.h"

namespace cr::exec {
namespace {

using test::PlacedProgram;
using test::TestTask;
using test::Where;

constexpr uint64_t kXstateMax = 16384;  // AMX tiles included
constexpr uint32_t kMagic1 = 0x46505853, kMagic2 = 0x46505845;
constexpr size_t kSoftwareBytes = 464;        // of the legacy area, for the kernel's own marks
constexpr uint64_t kAmx = uint64_t{3} << 17;  // TILECFG, TILEDATA
constexpr size_t kXstateMask = 512;           // XSTATE_BV, in the header after the legacy area
constexpr unsigned long kFpXstate = 1, kSigcontextSs = 2, kStrictRestoreSs = 4;

std::string xstate_of(pid_t pid) {
  std::string out(kXstateMax, '\0');
  iovec io{out.data(), out.size()};
  CR_CHECK(::ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &io) == 0);
  out.resize(io.iov_len);
  return out;
}

// The kernel's struct ucontext; glibc's ends in room for the floating point state, which ours points to.
std::string context_of(const user_regs_struct& regs, uint64_t xstate_address) {
  ucontext_t context{};
  context.uc_flags = kFpXstate | kSigcontextSs | kStrictRestoreSs;
  auto& to = context.uc_mcontext.gregs;
  const auto put = [&to](int index, uint64_t value) { to[index] = static_cast<greg_t>(value); };
  put(REG_R8, regs.r8), put(REG_R9, regs.r9), put(REG_R10, regs.r10), put(REG_R11, regs.r11);
  put(REG_R12, regs.r12), put(REG_R13, regs.r13), put(REG_R14, regs.r14), put(REG_R15, regs.r15);
  put(REG_RDI, regs.rdi), put(REG_RSI, regs.rsi), put(REG_RBP, regs.rbp), put(REG_RBX, regs.rbx);
  put(REG_RDX, regs.rdx), put(REG_RAX, regs.rax), put(REG_RCX, regs.rcx), put(REG_RSP, regs.rsp);
  put(REG_RIP, regs.rip), put(REG_EFL, regs.eflags);
  put(REG_CSGSFS, regs.cs | regs.gs << 16 | regs.fs << 32 | regs.ss << 48);
  std::string bytes(reinterpret_cast<const char*>(&context), sizeof(context));
  std::memcpy(bytes.data() + offsetof(ucontext_t, uc_mcontext.fpregs), &xstate_address,
              sizeof(xstate_address));
  return bytes;
}

// The marks by which the kernel knows an extended state in a signal frame.
std::string xstate_for_frame(std::string xstate) {
  uint64_t features = 0;
  std::memcpy(&features, xstate.data() + kSoftwareBytes, sizeof(features));  // ptrace shows XCR0 here
  // This task has not asked for AMX, so the kernel's buffer has no room for it: what is larger than that is
  // taken for a frame with the legacy area alone (check_xstate_in_sigframe).
  features &= ~kAmx;
  xstate.resize(sys::xsave_end(features));
  const auto size = static_cast<uint32_t>(xstate.size());
  const uint32_t extended_size = size + sizeof(kMagic2);
  char* const marks = xstate.data() + kSoftwareBytes;
  std::memcpy(marks, &kMagic1, 4);
  std::memcpy(marks + 4, &extended_size, 4);
  std::memcpy(marks + 8, &features, 8);
  std::memcpy(marks + 16, &size, 4);
  return xstate.append(reinterpret_cast<const char*>(&kMagic2), sizeof(kMagic2));
}

class Sigreturn : public ::testing::TestWithParam<WordSize> {
 protected:
  // A page with an endless loop that means the same in both word sizes.
  Sigreturn() {
    page_ = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT,
                   -1, 0);
    CR_CHECK(page_ != MAP_FAILED);
    std::memcpy(page_, "\xeb\xfe", 2);
  }
  ~Sigreturn() override { ::munmap(page_, 4096); }

  user_regs_struct looping_registers(const TestTask& task) const {
    user_regs_struct regs = task.registers();
    const bool wide = GetParam() == WordSize::k64;
    const uint64_t high = wide ? 0x1234'5678'0000'0000 : 0;
    regs.rax = high | 0xa1, regs.rbx = high | 0xb2, regs.rcx = high | 0xc3, regs.rdx = high | 0xd4;
    regs.rsi = high | 0xe5, regs.rdi = high | 0xf6, regs.rbp = high | 0x17;
    if (wide) {
      regs.r8 = high | 8, regs.r9 = high | 9, regs.r10 = high | 10, regs.r11 = high | 11;
      regs.r12 = high | 12, regs.r13 = high | 13, regs.r14 = high | 14, regs.r15 = high | 15;
    }
    regs.cs = wide ? 0x33 : 0x23;
    regs.ss = 0x2b;
    regs.rip = reinterpret_cast<uint64_t>(page_);
    regs.rsp = reinterpret_cast<uint64_t>(page_) + 4096;
    regs.eflags |= 0x400;  // the direction flag: the agent must clear it for itself and give it back
    regs.orig_rax = ~0ull;
    return regs;
  }
  static void let_it_loop(TestTask& task) {
    CR_CHECK(::ptrace(PTRACE_CONT, task.pid(), 0, 0) == 0);
    ::kill(task.pid(), SIGSTOP);
    EXPECT_EQ(test::wait_for(task.pid()).signal, SIGSTOP);
  }

  void* page_;
};

std::string without_marks(std::string xstate) {
  std::memset(xstate.data() + kSoftwareBytes, 0, 48);
  return xstate;
}

TEST_P(Sigreturn, KeepsTheInterruptedContext) {
  Program program;
  ListBuilder& list = program.add_list("agent");
  const Slot pid = list.fresh_slot();
  const Data context = list.reserve(sizeof(ucontext_t)), xstate = list.reserve(kXstateMax, 64);
  list.copy(list.reserve(16), list.stash_text("some work"), 10);
  list.syscall(Abi::k64, SYS_getpid, {}).save(pid);
  list.syscall(Abi::k32, 20, {});
  list.sigreturn(context);
  const PlacedProgram placed(program, Where::kBelow4GiB);
  const Area& area = placed.area();

  TestTask task(TestTask::fork_stopped());
  task.set_registers(looping_registers(task));
  let_it_loop(task);
  std::string state = xstate_of(task.pid());
  // Something to lose in xmm0..xmm7: both word sizes have those.
  for (int i = 0; i < 128; ++i) state[160 + i] = static_cast<char>(i + 1);
  state[kXstateMask] |= 2;
  iovec io{state.data(), state.size()};
  ASSERT_EQ(::ptrace(PTRACE_SETREGSET, task.pid(), NT_X86_XSTATE, &io), 0);
  const std::string state_before = xstate_of(task.pid());
  const user_regs_struct before = task.registers();
  ASSERT_EQ(before.rip, reinterpret_cast<uint64_t>(page_));

  task.write(area.address_of(xstate), xstate_for_frame(state_before));
  task.write(area.address_of(context), context_of(before, area.address_of(xstate)));
  task.enter(area, list);
  ASSERT_EQ(::ptrace(PTRACE_CONT, task.pid(), 0, 0), 0);
  while (task.control(area, list).next < list.size())
    ::sched_yield();  // no stop of its own: it goes home alone
  ::kill(task.pid(), SIGSTOP);
  ASSERT_EQ(test::wait_for(task.pid()).signal, SIGSTOP);
  // The last op counts as begun before the kernel has changed the context.
  while (task.registers().rip != before.rip) let_it_loop(task);

  const user_regs_struct after = task.registers();
  EXPECT_EQ(task.value(area, pid), static_cast<uint64_t>(task.pid()));
  EXPECT_EQ(std::memcmp(&after, &before, sizeof(before)), 0);
  EXPECT_TRUE(without_marks(xstate_of(task.pid())) == without_marks(state_before));
}

INSTANTIATE_TEST_SUITE_P(BothWordSizes, Sigreturn, ::testing::Values(WordSize::k64, WordSize::k32),
                         [](const auto& info) { return info.param == WordSize::k64 ? "From64" : "From32"; });

}  // namespace
}  // namespace cr::exec
