#include "cr/kinds/thread/waits.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>

#include <algorithm>
#include <array>

#include "cr/kinds/limits.h"
#include "cr/kinds/records.h"
#include "cr/sys/process.h"

namespace cr::kinds {
namespace {

using exec::Abi;

// Numbers of i386 (asm/unistd_32.h).
constexpr uint64_t kRestartOf32 = 0, kNanosleepOf32 = 162, kPollOf32 = 168, kFutexOf32 = 240,
                   kClockNanosleepOf32 = 267;
constexpr uint64_t kClockNanosleepTime64Of32 = 407, kFutexTime64Of32 = 422;

constexpr uint64_t kSecond = 1000000000;

struct Timespec32 {
  int32_t seconds, nanoseconds;
};
struct Timespec64 {
  int64_t seconds, nanoseconds;
};

Result<uint64_t> read_timespec(pid_t pid, uint64_t address, bool narrow) {
  Timespec64 time{};
  if (narrow) {
    const auto raw = CR_TRY(sys::peek<Timespec32>(pid, {address}));
    time = {raw.seconds, raw.nanoseconds};
  } else {
    time = CR_TRY(sys::peek<Timespec64>(pid, {address}));
  }
  if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds >= static_cast<int64_t>(kSecond))
    return fail(ErrorKind::kSystem, "the time-out at {:#x} of pid {} has changed while it ran", address, pid);
  return std::min<uint64_t>(static_cast<uint64_t>(time.seconds), 1ull << 32) * kSecond +
         static_cast<uint64_t>(time.nanoseconds);
}

// The arguments in the order of the ABI that the call was made in.
std::array<uint64_t, 6> arguments(const user_regs_struct& r, bool compat) {
  if (!compat) return {r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9};
  const auto low = [](uint64_t value) { return value & 0xffffffff; };
  return {low(r.rbx), low(r.rcx), low(r.rdx), low(r.rsi), low(r.rdi), low(r.rbp)};
}

// A nanosleep interrupted with a place for the rest (rmtp) has left it there; without one the whole time
// counts: a sleep may be longer than asked for, never shorter.
Result<Wait> sleep(pid_t pid, bool compat, bool narrow, uint32_t clock, uint64_t request, uint64_t rest) {
  Wait wait;
  wait.set_call(Wait::NANOSLEEP);
  wait.set_compat(compat);
  wait.set_narrow(narrow);
  wait.set_clock(clock);
  wait.set_address(rest);
  wait.set_remaining_ns(CR_TRY(read_timespec(pid, rest != 0 ? rest : request, narrow)));
  return wait;
}

Result<Wait> futex(pid_t pid, bool compat, bool narrow, const std::array<uint64_t, 6>& a) {
  Wait wait;
  wait.set_call(Wait::FUTEX);
  wait.set_compat(compat);
  wait.set_address(a[0]);
  wait.set_operation(static_cast<uint32_t>(a[1]));
  wait.set_value(static_cast<uint32_t>(a[2]));
  wait.set_bitset(static_cast<uint32_t>(a[5]));
  wait.set_remaining_ns(CR_TRY(read_timespec(pid, a[3], narrow)));
  return wait;
}

Wait poll(bool compat, const std::array<uint64_t, 6>& a) {
  Wait wait;
  wait.set_call(Wait::POLL);
  wait.set_compat(compat);
  wait.set_address(a[0]);
  wait.set_count(static_cast<uint32_t>(a[1]));
  const auto timeout_ms = static_cast<int32_t>(a[2]);
  wait.set_remaining_ns(timeout_ms < 0 ? ~0ull : static_cast<uint64_t>(timeout_ms) * 1000000);
  return wait;
}

constexpr uint64_t kForever = ~0ull;

}  // namespace

namespace {

// By the number of the call; nothing for one that is itself a restart.
Result<std::optional<Wait>> by_number(pid_t pid, uint64_t nr, bool compat, const std::array<uint64_t, 6>& a) {
  if (!compat) {
    switch (nr) {
      case SYS_nanosleep:
        return CR_TRY(sleep(pid, false, false, CLOCK_MONOTONIC, a[0], a[1]));
      case SYS_clock_nanosleep:
        return CR_TRY(sleep(pid, false, false, static_cast<uint32_t>(a[0]), a[2], a[3]));
      case SYS_poll:
        return poll(false, a);
      case SYS_futex:
        return CR_TRY(futex(pid, false, false, a));
      default:
        return std::nullopt;
    }
  }
  switch (nr) {
    case kNanosleepOf32:
      return CR_TRY(sleep(pid, true, true, CLOCK_MONOTONIC, a[0], a[1]));
    case kClockNanosleepOf32:
    case kClockNanosleepTime64Of32:
      return CR_TRY(sleep(pid, true, nr == kClockNanosleepOf32, static_cast<uint32_t>(a[0]), a[2], a[3]));
    case kPollOf32:
      return poll(true, a);
    case kFutexOf32:
    case kFutexTime64Of32:
      return CR_TRY(futex(pid, true, nr == kFutexOf32, a));
    default:
      return std::nullopt;
  }
}

// restart_syscall(2) leaves the arguments of the call it restarts, not its number: what the thread was seen
// to wait in tells that. nanosleep and clock_nanosleep differ in their first argument, a pointer in one, a
// small number in the other.
uint64_t number_of(trace::ObservedWait::Call call, bool compat, const std::array<uint64_t, 6>& a) {
  constexpr uint64_t kClocks = 16;  // MAX_CLOCKS
  switch (call) {
    case trace::ObservedWait::Call::kNanosleep:
      if (a[0] < kClocks) return compat ? kClockNanosleepOf32 : SYS_clock_nanosleep;
      return compat ? kNanosleepOf32 : SYS_nanosleep;
    case trace::ObservedWait::Call::kPoll:
      return compat ? kPollOf32 : SYS_poll;
    case trace::ObservedWait::Call::kFutex:
      return compat ? kFutexOf32 : SYS_futex;
    default:
      return ~0ull;
  }
}

// Two generations of calls write the rest with 32-bit or with 64-bit times. The stop has just made the kernel
// write it: only one reading gives what was seen to be left.
Result<bool> rest_is_narrow(pid_t pid, uint64_t address, const trace::ObservedWait& seen) {
  const auto wide = CR_TRY(sys::peek<Timespec64>(pid, {address}));
  const int64_t seen_s = seen.remaining_ns / static_cast<int64_t>(kSecond);
  constexpr int64_t kTolerance_s = 3;
  const bool plausible = wide.nanoseconds >= 0 && wide.nanoseconds < static_cast<int64_t>(kSecond);
  return !(plausible && wide.seconds >= seen_s - kTolerance_s && wide.seconds <= seen_s + kTolerance_s);
}

bool sleeps_by_timer(uint32_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME || clock == CLOCK_TAI;
}

uint64_t deadline_of(const Wait& wait, const trace::ObservedWait& seen) {
  timespec now{};
  ::clock_gettime((wait.operation() & FUTEX_CLOCK_REALTIME) != 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * kSecond + static_cast<uint64_t>(now.tv_nsec + seen.remaining_ns);
}

}  // namespace

Result<std::optional<Wait>> describe_wait(pid_t pid, const trace::ThreadState& thread) {
  const user_regs_struct& regs = thread.regs;
  // The instruction before rip tells the door: int $0x80 is cd 80.
  const auto door = CR_TRY(sys::peek<uint16_t>(pid, {regs.rip - 2}));
  const bool compat = regs.cs == 0x23 || door == 0x80cd;
  const auto a = arguments(regs, compat);
  uint64_t nr = regs.orig_rax;
  const bool restarted = nr == (compat ? kRestartOf32 : static_cast<uint64_t>(SYS_restart_syscall));
  if (restarted) {
    if (!thread.wait) return std::nullopt;
    nr = number_of(thread.wait->call, compat, a);
  }
  auto wait = CR_TRY(by_number(pid, nr, compat, a));
  // Sleeps on a CPU-time clock have no timer that could be seen.
  if (wait && wait->call() == Wait::NANOSLEEP && !sleeps_by_timer(wait->clock())) return std::nullopt;
  const bool absolute =
      wait && wait->call() == Wait::FUTEX && (wait->operation() & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
  // The width of the time it points to is not known any more, but what is left of it is.
  if (absolute && restarted && compat && thread.wait->has_deadline)
    wait->set_remaining_ns(deadline_of(*wait, *thread.wait));
  if (wait && restarted && compat && wait->call() == Wait::NANOSLEEP && wait->address() != 0)
    wait->set_narrow(CR_TRY(rest_is_narrow(pid, wait->address(), *thread.wait)));
  // Only a poll may wait for ever, and its arguments say so. Whose timer was not seen waits as long as it
  // asked for: longer than it should perhaps, never shorter.
  if (wait && thread.wait && thread.wait->has_deadline && !absolute && wait->remaining_ns() != kForever)
    wait->set_remaining_ns(static_cast<uint64_t>(thread.wait->remaining_ns));
  return wait;
}

bool waits_for_sysv_ipc(const trace::ThreadState& thread) {
  if (!thread.gave_up && trace::restart_of(thread.regs) != trace::Restart::kSame) return false;
  static constexpr uint64_t kCalls64[] = {SYS_semop, SYS_semtimedop, SYS_msgrcv, SYS_msgsnd};
  // ipc, msgsnd, msgrcv, semtimedop_time64
  static constexpr uint64_t kCalls32[] = {117, 400, 401, 420};
  const auto is = [&thread](const auto& calls) {
    return std::find(std::begin(calls), std::end(calls), thread.regs.orig_rax) != std::end(calls);
  };
  return thread.regs.cs == 0x23 ? is(kCalls32) : is(kCalls64);
}

bool waits_for_ever(const trace::ThreadState& thread) {
  constexpr uint64_t kSigtimedwaitOf32 = 177, kSigtimedwaitTime64Of32 = 421;
  const user_regs_struct& regs = thread.regs;
  const bool compat = regs.cs == 0x23;
  const bool sigwait = compat ? regs.orig_rax == kSigtimedwaitOf32 || regs.orig_rax == kSigtimedwaitTime64Of32
                              : regs.orig_rax == static_cast<uint64_t>(SYS_rt_sigtimedwait);
  return sigwait && arguments(regs, compat)[2] == 0;
}

Result<void> validate_wait(const Wait& wait) {
  if (!Wait::Call_IsValid(wait.call()))
    return invalid("a wait of unknown kind {}", static_cast<int>(wait.call()));
  if (wait.remaining_ns() != kForever && wait.remaining_ns() > (1ull << 33) * kSecond)
    return invalid("a wait for {} ns", wait.remaining_ns());
  if (wait.call() == Wait::FUTEX) {
    const uint32_t command = wait.operation() & static_cast<uint32_t>(FUTEX_CMD_MASK);
    if (command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET)
      return invalid("a futex wait by operation {}", wait.operation());
  }
  if (wait.call() == Wait::NANOSLEEP && !sleeps_by_timer(wait.clock()))
    return invalid("a sleep on clock {}", wait.clock());
  if (wait.narrow() && (!wait.compat() || wait.call() != Wait::NANOSLEEP))
    return invalid("32-bit times in a wait that has none");
  if (wait.compat() && !fits_word(wait.address(), 32))
    return invalid("a 32-bit wait at {:#x}", wait.address());
  if (!user_address(wait.address(), 64)) return invalid("a wait at {:#x}", wait.address());
  return {};
}

uint64_t written_by(const Wait& wait) {
  switch (wait.call()) {
    case Wait::NANOSLEEP:
      return wait.address() == 0 ? 0 : wait.narrow() ? sizeof(Timespec32) : sizeof(Timespec64);
    case Wait::POLL:
      return uint64_t{wait.count()} * sizeof(pollfd);
    default:
      return 0;
  }
}

LateCall rearm_call(const Wait& wait, pid_t tid, exec::ListBuilder& list) {
  LateCall call;
  call.tid = tid;
  call.abi = wait.compat() ? Abi::k32 : Abi::k64;
  call.reason = "take up an interrupted wait";
  const uint64_t seconds = wait.remaining_ns() / kSecond, nanoseconds = wait.remaining_ns() % kSecond;
  const Timespec64 time{static_cast<int64_t>(seconds), static_cast<int64_t>(nanoseconds)};
  switch (wait.call()) {
    case Wait::POLL: {
      const uint64_t left_ms = (wait.remaining_ns() + 999999) / 1000000;
      const int64_t timeout =
          wait.remaining_ns() == kForever ? -1 : static_cast<int64_t>(std::min<uint64_t>(left_ms, INT32_MAX));
      call.number = wait.compat() ? static_cast<long>(kPollOf32) : SYS_poll;
      call.args = {wait.address(), wait.count(), timeout};
      break;
    }
    case Wait::FUTEX:
      call.number = wait.compat() ? static_cast<long>(kFutexTime64Of32) : SYS_futex;
      call.args = {wait.address(), wait.operation(), wait.value(), list.stash(time), 0, wait.bitset()};
      break;
    default:
      // In the 32-bit ABI, the place for the rest has the width of the call that was made.
      if (wait.narrow()) {
        const Timespec32 narrow{static_cast<int32_t>(std::min<uint64_t>(seconds, INT32_MAX)),
                                static_cast<int32_t>(nanoseconds)};
        call.number = static_cast<long>(kClockNanosleepOf32);
        call.args = {wait.clock(), 0, list.stash(narrow), wait.address()};
      } else {
        call.number = wait.compat() ? static_cast<long>(kClockNanosleepTime64Of32) : SYS_clock_nanosleep;
        call.args = {wait.clock(), 0, list.stash(time), wait.address()};
      }
  }
  return call;
}

}  // namespace cr::kinds
