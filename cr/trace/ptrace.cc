#include "cr/trace/ptrace.h"

// glibc's and the kernel's ptrace headers fight over names; the kernel's are used, the call is made raw.
#include <elf.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace cr::trace {
namespace {

constexpr long kGetRegs = 12;
constexpr long kSetRegs = 13;
constexpr long kGetThreadArea = 25;
constexpr long kSetThreadArea = 26;
constexpr long kSyscallUserDispatchConfig = 0x4211;  // PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG, v6.4

// The raw call: unlike glibc's wrapper it returns the kernel's result for every request alike.
long request(long what, pid_t tid, uintptr_t address, uintptr_t data) {
  return ::syscall(SYS_ptrace, what, tid, address, data);
}

template <typename T>
uintptr_t pointer(T* object) {
  return reinterpret_cast<uintptr_t>(object);
}

Result<void> simple(long what, const char* name, pid_t tid, uintptr_t address, uintptr_t data) {
  if (request(what, tid, address, data) < 0) return fail_errno("{} of thread {}", name, tid);
  return {};
}

}  // namespace

Result<void> seize(pid_t tid, unsigned long options) {
  return simple(PTRACE_SEIZE, "PTRACE_SEIZE", tid, 0, options);
}

Result<void> interrupt(pid_t tid) { return simple(PTRACE_INTERRUPT, "PTRACE_INTERRUPT", tid, 0, 0); }

Result<void> resume(pid_t tid, int signal) {
  return simple(PTRACE_CONT, "PTRACE_CONT", tid, 0, static_cast<uintptr_t>(signal));
}

Result<void> single_step(pid_t tid) { return simple(PTRACE_SINGLESTEP, "PTRACE_SINGLESTEP", tid, 0, 0); }

Result<bool> is_of_kernel(pid_t tid) {
  siginfo_t info{};
  CR_TRY(simple(PTRACE_GETSIGINFO, "PTRACE_GETSIGINFO", tid, 0, pointer(&info)));
  return info.si_code > 0;
}

Result<void> resume_to_syscall_stop(pid_t tid, int signal) {
  return simple(PTRACE_SYSCALL, "PTRACE_SYSCALL", tid, 0, static_cast<uintptr_t>(signal));
}

Result<void> detach(pid_t tid, int signal) {
  return simple(PTRACE_DETACH, "PTRACE_DETACH", tid, 0, static_cast<uintptr_t>(signal));
}

Result<unsigned long> event_message(pid_t tid) {
  unsigned long message = 0;
  CR_TRY(simple(PTRACE_GETEVENTMSG, "PTRACE_GETEVENTMSG", tid, 0, pointer(&message)));
  return message;
}

Result<user_regs_struct> get_regs(pid_t tid) {
  user_regs_struct regs{};
  CR_TRY(simple(kGetRegs, "PTRACE_GETREGS", tid, 0, pointer(&regs)));
  return regs;
}

Result<void> set_regs(pid_t tid, const user_regs_struct& regs) {
  return simple(kSetRegs, "PTRACE_SETREGS", tid, 0, pointer(&regs));
}

Result<std::vector<std::byte>> get_xstate(pid_t tid) {
  std::vector<std::byte> xstate(16384);  // AMX makes it 11 KiB; the kernel says how much it filled
  iovec vector{xstate.data(), xstate.size()};
  CR_TRY(simple(PTRACE_GETREGSET, "PTRACE_GETREGSET NT_X86_XSTATE", tid, NT_X86_XSTATE, pointer(&vector)));
  xstate.resize(vector.iov_len);
  return xstate;
}

Result<void> set_xstate(pid_t tid, std::span<const std::byte> xstate) {
  iovec vector{const_cast<std::byte*>(xstate.data()), xstate.size()};
  return simple(PTRACE_SETREGSET, "PTRACE_SETREGSET NT_X86_XSTATE", tid, NT_X86_XSTATE, pointer(&vector));
}

Result<SignalSet> get_signal_mask(pid_t tid) {
  SignalSet mask = 0;
  CR_TRY(simple(PTRACE_GETSIGMASK, "PTRACE_GETSIGMASK", tid, sizeof(mask), pointer(&mask)));
  return mask;
}

Result<void> set_signal_mask(pid_t tid, SignalSet mask) {
  return simple(PTRACE_SETSIGMASK, "PTRACE_SETSIGMASK", tid, sizeof(mask), pointer(&mask));
}

Result<std::vector<siginfo_t>> peek_signals(pid_t tid, SignalQueue queue) {
  std::vector<siginfo_t> signals;
  std::array<siginfo_t, 32> chunk;
  for (;;) {
    ptrace_peeksiginfo_args arguments{};
    arguments.off = signals.size();
    arguments.flags = queue == SignalQueue::kProcess ? PTRACE_PEEKSIGINFO_SHARED : 0;
    arguments.nr = static_cast<int32_t>(chunk.size());
    const long got = request(PTRACE_PEEKSIGINFO, tid, pointer(&arguments), pointer(chunk.data()));
    if (got < 0) return fail_errno("PTRACE_PEEKSIGINFO of thread {}", tid);
    signals.insert(signals.end(), chunk.begin(), chunk.begin() + got);
    if (static_cast<size_t>(got) < chunk.size()) return signals;
  }
}

Result<TlsSlots> get_tls(pid_t tid) {
  TlsSlots slots{};
  for (int i = 0; i < kTlsEntries; ++i) {
    CR_TRY(simple(kGetThreadArea, "PTRACE_GET_THREAD_AREA", tid, static_cast<uintptr_t>(kFirstTlsEntry + i),
                  pointer(&slots[static_cast<size_t>(i)])));
  }
  return slots;
}

Result<void> set_tls_slot(pid_t tid, const user_desc& slot) {
  return simple(kSetThreadArea, "PTRACE_SET_THREAD_AREA", tid, slot.entry_number,
                pointer(const_cast<user_desc*>(&slot)));
}

Result<std::optional<ptrace_rseq_configuration>> get_rseq(pid_t tid) {
  ptrace_rseq_configuration rseq{};
  const long got = request(PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof(rseq), pointer(&rseq));
  if (got < 0 && errno == EIO) return std::nullopt;
  if (got < 0) return fail_errno("PTRACE_GET_RSEQ_CONFIGURATION of thread {}", tid);
  return rseq;
}

Result<bool> has_io_ports(pid_t tid) {
  std::vector<std::byte> bitmap(65536 / 8);
  iovec vector{bitmap.data(), bitmap.size()};
  const long got = request(PTRACE_GETREGSET, tid, NT_386_IOPERM, pointer(&vector));
  // ENXIO: it has none. EINVAL, ENODEV, EIO: nobody has.
  if (got < 0 && errno == ESRCH) return fail_errno("PTRACE_GETREGSET NT_386_IOPERM of thread {}", tid);
  return got >= 0;
}

Result<bool> has_syscall_user_dispatch(pid_t tid) {
  struct {
    uint64_t mode, selector, offset, len;
  } config{};
  const long got = request(kSyscallUserDispatchConfig, tid, sizeof(config), pointer(&config));
  if (got < 0 && errno == EIO) return false;
  if (got < 0) return fail_errno("PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG of thread {}", tid);
  return config.mode != 0;
}

}  // namespace cr::trace
