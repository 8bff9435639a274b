// How much is left of a wait that restart_syscall(2) would take up. The kernel tells nobody; but while the
// thread waits, its timer stands in /proc/timer_list. So it is let go on for a moment, some times, until only
// one timer was there each time it waited and none of the times it did not.
#include <sys/syscall.h>
#include <time.h>

#include <algorithm>
#include <set>
#include <thread>

#include "cr/proc/stat.h"
#include "cr/proc/timer_list.h"
#include "cr/sys/fd.h"
#include "cr/trace/remote.h"

namespace cr::trace {
namespace {

using namespace std::chrono_literals;

constexpr int kEmptyRounds = 4;
constexpr auto kPatience = 3s;  // per thread; a busy machine needs more rounds, and longer ones

// How far the clock of an hrtimer base (0 to 3, 4 more for their softirq twins) is ahead of CLOCK_MONOTONIC.
int64_t ahead_ns(uint32_t base) {
  static constexpr clockid_t kClocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME, CLOCK_TAI};
  timespec clock{}, monotonic{};
  ::clock_gettime(kClocks[base % 4], &clock);
  ::clock_gettime(CLOCK_MONOTONIC, &monotonic);
  return (clock.tv_sec - monotonic.tv_sec) * 1000000000 + clock.tv_nsec - monotonic.tv_nsec;
}

struct Timers {
  std::set<std::pair<uint32_t, int64_t>> deadlines;  // clock base, time
  int64_t now_ns = 0;
};

// Nothing where the file cannot be read (another user's namespace, an older kernel's format).
std::optional<Timers> read_timers() {
  const auto text = sys::read_file("/proc/timer_list");
  if (!text) return std::nullopt;
  const auto parsed = proc::parse_timer_list(*text);
  if (!parsed) return std::nullopt;
  Timers timers;
  timers.now_ns = parsed->now_ns;
  for (const proc::SleepTimer& timer : parsed->sleepers)
    timers.deadlines.emplace(timer.clock_base, timer.soft_expires_ns);
  return timers;
}

// Three things in the kernel restart from a restart_block (who sets its fn: kernel/futex, fs/select.c,
// kernel/time). The sleeps may leave no frame of their own in the trace: they are __sched functions that end
// in tail calls.
ObservedWait::Call call_of(pid_t tid) {
  const auto stack = sys::read_file(fmt::format("/proc/{}/stack", tid));
  if (!stack || stack->empty()) return ObservedWait::Call::kUnknown;
  if (stack->find("futex") != std::string::npos) return ObservedWait::Call::kFutex;
  if (stack->find("poll") != std::string::npos) return ObservedWait::Call::kPoll;
  return ObservedWait::Call::kNanosleep;
}

// Of a poll(2): both ABIs have its time-out in edx. No other wait that restarts so can be for ever.
bool times_out_never(const user_regs_struct& regs) { return static_cast<int32_t>(regs.rdx) < 0; }

bool is_worth_a_look(const ThreadState& thread) {
  constexpr uint64_t kPollOf32 = 168;
  const bool polls = thread.regs.orig_rax == SYS_poll || thread.regs.orig_rax == kPollOf32;
  if (restart_of(thread.regs) != Restart::kBlock || (polls && times_out_never(thread.regs))) return false;
  return !thread.syscall_user_dispatch;  // to be restarted may be its SIGSYS
}

}  // namespace

// Into its wait again; false if the wait came to its end instead.
Result<bool> Remote::let_sleep(Held& thread) {
  const pid_t tid = thread.tid;
  // A signal for it waits until it goes on for good.
  CR_TRY(leave(thread, thread.state.regs, kAllSignals));
  thread.notify_signal = 0;
  CR_TRY(resume_to_syscall_stop(tid));
  CR_TRY(freezer_.wait_for_arrival(tid, Clock::now() + 10s));  // the entry of restart_syscall
  thread.at = Held::At::kAway;
  CR_TRY(resume_to_syscall_stop(tid));
  for (const auto until = Clock::now() + kPatience; Clock::now() < until;) {
    const auto arrived = freezer_.wait_for_arrival(tid, Clock::now());
    if (arrived) return false;
    // A task that is about to sleep calls itself sleeping before its timer runs; off the CPU, it does not.
    const std::string where = CR_TRY(sys::read_file(fmt::format("/proc/{}/syscall", tid)));
    const auto stat = proc::parse_stat(CR_TRY(sys::read_file(fmt::format("/proc/{}/stat", tid))));
    if (!where.starts_with("running") && stat && (stat->state == 'S' || stat->state == 'D')) return true;
    std::this_thread::sleep_for(20us);
  }
  return fail(ErrorKind::kSystem, "thread {} does not fall asleep again", tid);
}

Result<void> Remote::observe_wait(Held& thread, Clock::time_point deadline) {
  const pid_t tid = thread.tid;
  ObservedWait wait;
  std::optional<std::set<std::pair<uint32_t, int64_t>>> candidates;
  int64_t now_ns = 0;
  int empty_rounds = 0;
  const auto until = std::min(Clock::now() + kPatience, deadline);
  for (int round = 0; Clock::now() < until; ++round) {
    const auto before = read_timers();
    if (!before) return {};
    if (!CR_TRY(let_sleep(thread))) {
      const user_regs_struct after = CR_TRY(get_regs(tid));
      if (restart_of(after) == Restart::kBlock) {  // something else woke it: it would wait on
        CR_TRY(come_home(thread));
        continue;
      }
      // It is over: what the call returned is what the thread goes on with.
      thread.state.regs = after;
      thread.state.regs.orig_rax = ~0ull;
      return come_home(thread);
    }
    if (wait.call == ObservedWait::Call::kUnknown) wait.call = call_of(tid);
    const auto during = read_timers();
    CR_TRY(interrupt(tid));
    CR_TRY(freezer_.wait_for_arrival(tid, Clock::now() + 10s));
    CR_TRY(come_home(thread));
    if (!during) return {};
    if (wait.call == ObservedWait::Call::kPoll && times_out_never(thread.state.regs)) {
      candidates.reset();
      break;
    }
    std::set<std::pair<uint32_t, int64_t>> found;
    for (const auto& deadline : during->deadlines)
      if (!before->deadlines.contains(deadline) && (!candidates || candidates->contains(deadline)))
        found.insert(deadline);
    candidates = std::move(found);
    now_ns = during->now_ns;
    if (candidates->size() == 1 && round > 1) break;
    if (!candidates->empty()) continue;
    // The list is printed CPU by CPU, and a timer may move meanwhile. Who has none at all is not seen here:
    // the arguments of the call tell that.
    if (++empty_rounds == kEmptyRounds) break;
    candidates.reset();
  }
  wait.has_deadline = candidates && candidates->size() == 1;
  if (wait.has_deadline) {
    const auto [base, deadline_ns] = *candidates->begin();
    wait.remaining_ns = std::max<int64_t>(deadline_ns - now_ns - ahead_ns(base), 1);
  }
  thread.state.wait = wait;
  return {};
}

Result<void> Remote::observe_waits(Clock::time_point deadline) {
  std::vector<pid_t> waiting;
  for (const auto& [tid, thread] : freezer_.held())
    if (freezer_.hold_of(thread.tgid) == Hold::kFirm && is_worth_a_look(thread.state)) waiting.push_back(tid);
  for (const pid_t tid : waiting) {
    CR_TRY(freezer_.in_time(deadline));
    const auto thread = freezer_.held().find(tid);
    if (thread != freezer_.held().end()) CR_TRY(observe_wait(thread->second, deadline), "thread {}", tid);
  }
  return {};
}

}  // namespace cr::trace
