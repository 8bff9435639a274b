#include "cr/trace/remote.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <string_view>

#include "cr/proc/maps.h"
#include "cr/sys/fd.h"
#include "cr/sys/process.h"

namespace cr::trace {
namespace {

using namespace std::chrono_literals;

constexpr uint64_t kCode64 = 0x33;  // __USER_CS: 64-bit code
constexpr uint64_t kCode32 = 0x23;  // __USER32_CS
constexpr uint64_t kData = 0x2b;    // __USER_DS
constexpr uint64_t kDirectionAndTrapFlags = 0x400 | 0x100;
constexpr uint64_t kNoCall = ~0ull;
constexpr long kSigreturn = 15;

// Numbers of i386 (asm/unistd_32.h).
constexpr long kMmap2Of32 = 192;
constexpr long kMunmapOf32 = 91;

// A call of ours never blocks; longer than this means that the machine is gone for a while.
constexpr auto kCallPatience = 10s;

}  // namespace

// The address of a `syscall` (64-bit) or `int $0x80` instruction in the task's own code, the vdso's first.
Result<uint64_t> Remote::gadget(pid_t pid, WordSize word_size) {
  if (const auto known = gadgets_.find(pid); known != gadgets_.end()) return known->second;
  const std::string_view instruction = word_size == WordSize::k64 ? "\x0f\x05" : "\xcd\x80";
  const std::string text = CR_TRY(sys::read_file(fmt::format("/proc/{}/maps", pid)));
  std::vector<proc::Vma> vmas = CR_TRY(proc::parse_maps(text), "/proc/{}/maps", pid);
  std::stable_partition(vmas.begin(), vmas.end(), [](const proc::Vma& vma) { return vma.path == "[vdso]"; });
  std::string chunk(1 << 20, '\0');
  for (const proc::Vma& vma : vmas) {
    if (!vma.exec || !vma.read || vma.path == "[vsyscall]") continue;
    for (uint64_t at = vma.start; at < vma.end; at += chunk.size() - 1) {
      iovec local{chunk.data(), std::min<uint64_t>(chunk.size(), vma.end - at)};
      iovec remote{reinterpret_cast<void*>(at), local.iov_len};
      const ssize_t got = ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
      if (got < 2) break;
      const size_t found = std::string_view(chunk.data(), static_cast<size_t>(got)).find(instruction);
      if (found != std::string_view::npos) return gadgets_[pid] = at + found;
      if (static_cast<size_t>(got) < local.iov_len) break;
    }
  }
  return Failure(Error::unsupported(
      {{pid, "no-way-in", "task",
        "none of its code holds a system call instruction by which it could be asked anything"}}));
}

Result<void> Remote::leave(Held& thread, const user_regs_struct& regs, SignalSet mask) {
  CR_CHECK(thread.at == Held::At::kHome);
  CR_TRY(set_signal_mask(thread.tid, mask));
  const auto set = set_regs(thread.tid, regs);
  if (!set) {
    (void)set_signal_mask(thread.tid, thread.state.signal_mask);
    return Failure(Error(set.error()));
  }
  thread.at = Held::At::kAway;
  return {};
}

// From any ptrace-stop back to a PTRACE_EVENT_STOP with the thread's own registers.
Result<void> Remote::come_home(Held& thread) {
  // Should we die between here and the stop, the registers must be right without the kernel's restart logic,
  // which only a stop inside signal delivery reaches.
  CR_TRY(set_regs(thread.tid, restarted(thread.state.regs)));
  CR_TRY(set_signal_mask(thread.tid, thread.state.signal_mask));
  const pid_t tid = thread.tid;
  thread.notify_signal = -1;
  thread.at = Held::At::kAway;
  CR_TRY(interrupt(tid));
  CR_TRY(resume(tid));
  CR_TRY(freezer_.wait_for_arrival(tid, Clock::now() + kCallPatience));
  thread.at = Held::At::kHome;
  return set_regs(tid, thread.state.regs);
}

Result<int64_t> Remote::call(Held& thread, WordSize word_size, long number,
                             const std::array<uint64_t, 6>& arguments) {
  user_regs_struct regs = thread.state.regs;
  regs.rip = CR_TRY(gadget(thread.tgid, word_size));
  regs.orig_rax = kNoCall;
  regs.rax = static_cast<uint64_t>(number);
  regs.eflags &= ~kDirectionAndTrapFlags;
  const auto& a = arguments;
  if (word_size == WordSize::k64) {
    regs.cs = kCode64, regs.ss = kData;
    regs.rdi = a[0], regs.rsi = a[1], regs.rdx = a[2], regs.r10 = a[3], regs.r8 = a[4], regs.r9 = a[5];
  } else {
    regs.cs = kCode32, regs.ss = kData;
    regs.rbx = a[0], regs.rcx = a[1], regs.rdx = a[2], regs.rsi = a[3], regs.rdi = a[4], regs.rbp = a[5];
  }
  CR_TRY(leave(thread, regs, kAllSignals));
  thread.notify_signal = 0;
  const pid_t tid = thread.tid;
  // A newborn thread that was told to stop while it stood in its first stop does so once more: that is none
  // of the two.
  for (int stops = 0; stops < 2; stops += thread.interrupted ? 0 : 1) {  // the call's entry and its exit
    thread.at = Held::At::kAway;
    CR_TRY(resume_to_syscall_stop(tid));
    CR_TRY(freezer_.wait_for_arrival(tid, Clock::now() + kCallPatience));
  }
  const auto after = get_regs(tid);
  CR_TRY(come_home(thread));
  const user_regs_struct done = CR_TRY(Result<user_regs_struct>(after));
  return word_size == WordSize::k64 ? static_cast<int64_t>(done.rax)
                                    : static_cast<int64_t>(static_cast<int32_t>(done.rax));
}

Result<uint64_t> Remote::map(pid_t pid, WordSize word_size, uint64_t size) {
  const auto leader = freezer_.held().find(pid);
  if (leader == freezer_.held().end()) return fail(ErrorKind::kSystem, "pid {} ended", pid);
  const long number = word_size == WordSize::k64 ? SYS_mmap : kMmap2Of32;
  const int64_t got =
      CR_TRY(call(leader->second, word_size, number,
                  {0, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, ~0ull, 0}),
             "mmap inside pid {}", pid);
  // A compat address above 2 GiB looks negative too; errors are the last 4095 values in both ABIs.
  if (got == -EACCES)
    return Failure(Error::unsupported(
        {{pid, "mdwe", "task",
          "denies memory to be written and executed (PR_SET_MDWE, or a security module)"}}));
  if (got < 0 && got >= -4095)
    return Failure(Error::system(static_cast<int>(-got), fmt::format("mmap inside pid {}", pid)));
  const uint64_t address =
      word_size == WordSize::k64 ? static_cast<uint64_t>(got) : static_cast<uint32_t>(got);
  areas_[pid] = {pid, word_size, address, size};
  return address;
}

Result<void> Remote::run(const std::vector<AgentRun>& runs, Clock::time_point deadline) {
  for (const AgentRun& run : runs) {
    const auto found = freezer_.held().find(run.tid);
    if (found == freezer_.held().end()) return fail(ErrorKind::kSystem, "thread {} ended", run.tid);
    Held& thread = found->second;
    user_regs_struct regs = thread.state.regs;
    regs.rip = run.entry, regs.rdi = run.control, regs.rsp = run.stack_top;
    regs.cs = kCode64, regs.ss = kData;
    regs.orig_rax = kNoCall;
    regs.eflags &= ~kDirectionAndTrapFlags;
    const SignalSet open = run.notify_signal != 0 ? signal_bit(run.notify_signal) : 0;
    CR_TRY(leave(thread, regs, kAllSignals & ~open));
    thread.notify_signal = run.notify_signal;
    CR_TRY(run.notify_signal != 0 ? resume(run.tid) : resume_to_syscall_stop(run.tid));
  }
  for (const AgentRun& run : runs) {
    CR_TRY(wait_until_through(run, deadline));
    Held& thread = freezer_.held().at(run.tid);
    if (run.notify_signal != 0) {
      // A signal-delivery-stop is inside signal delivery: the restart logic is still to come.
      CR_TRY(set_regs(run.tid, thread.state.regs));
      CR_TRY(set_signal_mask(run.tid, thread.state.signal_mask));
      thread.at = Held::At::kHome;
    } else {
      CR_TRY(come_home(thread));
    }
  }
  return {};
}

// To a stop at which its own registers may be put back.
Result<void> Remote::wait_until_through(const AgentRun& run, Clock::time_point deadline) {
  for (;;) {
    CR_TRY(freezer_.wait_for_arrival(run.tid, deadline));
    Held& thread = freezer_.held().at(run.tid);
    if (!thread.interrupted) {
      const bool through = run.notify_signal != 0
                               ? CR_TRY(sys::peek<uint32_t>(run.tid, {run.counter})) >= run.through
                               : CR_TRY(get_regs(run.tid)).orig_rax == static_cast<uint64_t>(kSigreturn);
      if (through) return {};
    }
    thread.at = Held::At::kAway;
    CR_TRY(run.notify_signal != 0 ? resume(run.tid) : resume_to_syscall_stop(run.tid));
  }
}

void Remote::bring_home() {
  // Any of them may end meanwhile.
  std::vector<pid_t> tids;
  for (const auto& [tid, thread] : freezer_.held()) tids.push_back(tid);
  for (const pid_t tid : tids) {
    const auto found = freezer_.held().find(tid);
    if (found == freezer_.held().end()) continue;
    Held& thread = found->second;
    if (thread.at == Held::At::kHome || thread.at == Held::At::kRunning) continue;
    if (thread.at == Held::At::kAway) {
      (void)interrupt(tid);
      if (!freezer_.wait_for_arrival(tid, Clock::now() + 1s)) continue;  // its frame brings it home, later
    }
    (void)come_home(thread);
  }
}

Result<void> Remote::unmap(const MappedArea& area) {
  const auto leader = freezer_.held().find(area.pid);
  if (leader == freezer_.held().end()) return {};  // it has ended
  const long number = area.word_size == WordSize::k64 ? SYS_munmap : kMunmapOf32;
  const int64_t got =
      CR_TRY(call(leader->second, area.word_size, number, {area.address, area.size, 0, 0, 0, 0}),
             "munmap inside pid {}", area.pid);
  if (got == 0) return {};
  return Failure(Error::system(static_cast<int>(-got), fmt::format("munmap inside pid {}", area.pid)));
}

Result<void> Remote::unmap_all() {
  Result<void> done;
  for (const auto& [pid, area] : areas_)
    if (auto one = unmap(area); !one && done) done = std::move(one);
  areas_.clear();
  return done;
}

}  // namespace cr::trace
