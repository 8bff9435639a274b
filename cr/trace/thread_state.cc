#include "cr/trace/thread_state.h"

namespace cr::trace {
namespace {
constexpr int64_t kErestartsys = 512;
constexpr int64_t kErestartnointr = 513;
constexpr int64_t kErestartnohand = 514;
constexpr int64_t kErestartRestartblock = 516;
}  // namespace

Restart restart_of(const user_regs_struct& regs) {
  if (static_cast<int64_t>(regs.orig_rax) < 0) return Restart::kNone;
  // A compat call may leave its result in the low half alone; in a 64-bit one that would be a large positive
  // result.
  constexpr uint64_t kUserCode32 = 0x23;
  const auto result = static_cast<int64_t>(regs.rax);
  const bool narrow = regs.cs == kUserCode32 && (regs.rax >> 32) == 0;
  switch (narrow ? -int64_t{static_cast<int32_t>(regs.rax)} : -result) {
    case kErestartsys:
    case kErestartnointr:
    case kErestartnohand:
      return Restart::kSame;
    case kErestartRestartblock:
      return Restart::kBlock;
    default:
      return Restart::kNone;
  }
}

user_regs_struct restarted(user_regs_struct regs) {
  if (restart_of(regs) != Restart::kNone) {
    regs.rax = regs.orig_rax;
    regs.rip -= 2;  // `syscall`, `sysenter` and `int $0x80` are all two bytes long
  }
  regs.orig_rax = ~0ull;
  return regs;
}

}  // namespace cr::trace
