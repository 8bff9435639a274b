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
  // A compat call may leave only the low half of its result sign-extended.
  switch (-static_cast<int64_t>(static_cast<int32_t>(regs.rax))) {
    case kErestartsys:
    case kErestartnointr:
    case kErestartnohand:
      return (regs.rax >> 32) == 0 || (regs.rax >> 32) == 0xffffffff ? Restart::kSame : Restart::kNone;
    case kErestartRestartblock:
      return (regs.rax >> 32) == 0 || (regs.rax >> 32) == 0xffffffff ? Restart::kBlock : Restart::kNone;
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
