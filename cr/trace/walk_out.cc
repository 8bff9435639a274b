// The part of the freezer that leads threads out of their vdso.
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <span>

#include "cr/proc/maps.h"
#include "cr/proc/status.h"
#include "cr/sys/fd.h"
#include "cr/trace/freezer.h"

namespace cr::trace {
namespace {

// The longest function of the vdso takes some thousand steps (getrandom, of a few blocks).
constexpr int kMaxSteps = 100000;

Result<VdsoRange> vdso_of(pid_t tid) {
  const std::string path = fmt::format("/proc/{}/maps", tid);
  for (const proc::Vma& vma : CR_TRY(proc::parse_maps(CR_TRY(sys::read_file(path))), "{}", path))
    if (vma.path == "[vdso]") return VdsoRange{vma.start, vma.end};
  return VdsoRange{};
}

// Its functions make these calls where they cannot help themselves. Others are made by the 32-bit entry into
// the kernel (__kernel_vsyscall), where a thread may wait for long, and may be dumped.
bool may_be_in_vdso(const user_regs_struct& regs) {
  static constexpr int64_t kCalls64[] = {SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday,
                                         SYS_time,          SYS_getcpu,       SYS_getrandom};
  // clock_gettime, clock_gettime64, clock_getres, clock_getres_time64, gettimeofday, time, getcpu.
  static constexpr int64_t kCalls32[] = {265, 403, 266, 406, 78, 13, 318};
  constexpr uint64_t kCode32 = 0x23;  // __USER32_CS (asm/segment.h)
  const auto call = static_cast<int64_t>(regs.orig_rax);
  const std::span<const int64_t> calls = regs.cs == kCode32 ? std::span<const int64_t>(kCalls32) : kCalls64;
  return call < 0 || std::ranges::find(calls, call) != calls.end();
}

}  // namespace

Result<void> Freezer::leave_vdsos(Clock::time_point deadline) {
  std::map<pid_t, VdsoRange> ranges;
  std::vector<pid_t> inside;
  for (const auto& [tid, thread] : held_) {
    if (thread.at != Held::At::kHome || thread.group_stopped) continue;
    const user_regs_struct regs = CR_TRY(get_regs(tid));
    if (!may_be_in_vdso(regs)) continue;
    const auto [range, is_new] = ranges.try_emplace(thread.tgid);
    if (is_new) range->second = CR_TRY(vdso_of(tid));
    if (range->second.has(regs.rip)) inside.push_back(tid);
  }
  for (const pid_t tid : inside)
    if (held_.contains(tid))  // it may be killed while another one walks
      CR_TRY(walk_out(tid, ranges.at(held_.at(tid).tgid), deadline), "thread {}", tid);
  return {};
}

// Steps to the end of the function, which makes no call that waits. Each step ends in a SIGTRAP that the
// kernel forces upon the thread, and if that was ignored or blocked it is not any more
// (force_sig_info_to_task()): so it is let through meanwhile, and who ignores it stays where it is.
Result<void> Freezer::walk_out(pid_t tid, const VdsoRange& vdso, Clock::time_point deadline) {
  const proc::Status status =
      CR_TRY(proc::parse_status(CR_TRY(sys::read_file(fmt::format("/proc/{}/status", tid)))));
  if (((status.sig_ignored | status.sig_pending | status.sig_pending_shared) & signal_bit(SIGTRAP)) != 0)
    return {};
  const SignalSet mask = CR_TRY(get_signal_mask(tid));
  CR_TRY(set_signal_mask(tid, kAllSignals & ~signal_bit(SIGTRAP)));
  const auto walked = step_out(tid, vdso);
  if (!held_.contains(tid)) return {};  // it was killed
  // Before anything that can fail: whatever comes, it goes on with its own mask.
  const auto unmasked = set_signal_mask(tid, mask);
  // Back into a stop of the kind that all stand in. That comes before any signal (get_signal()), and before
  // any instruction.
  held_.at(tid).at = Held::At::kRunning;
  (void)interrupt(tid);
  (void)resume(tid);
  CR_TRY(settle(deadline));
  if (!unmasked && held_.contains(tid)) return unmasked;
  return walked;
}

Result<void> Freezer::step_out(pid_t tid, const VdsoRange& vdso) {
  for (int steps = 0; steps < kMaxSteps; ++steps) {
    CR_TRY(single_step(tid));
    int status = 0;
    while (::waitpid(tid, &status, __WALL) < 0)
      if (errno != EINTR) return fail_errno("waitpid");
    if (!WIFSTOPPED(status)) {
      held_.erase(tid);
      return {};
    }
    if (status >> 16 != 0) return {};  // a stop that somebody asked for
    // All others but SIGSTOP are blocked. A SIGTRAP that somebody has sent is not ours to keep.
    const int signal = WSTOPSIG(status);
    if (signal != SIGTRAP || !CR_TRY(is_of_kernel(tid))) held_.at(tid).deferred.push_back(signal);
    if (!vdso.has(CR_TRY(get_regs(tid)).rip)) return {};
  }
  return {};
}

}  // namespace cr::trace
