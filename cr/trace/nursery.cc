#include "cr/trace/nursery.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "cr/proc/children.h"
#include "cr/sys/fd.h"

namespace cr::trace {
namespace {

constexpr unsigned long kOptions =
    PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

// A call of ours never blocks; longer than this means that the machine is gone for a while.
constexpr std::chrono::seconds kCallPatience{30};

bool is_fault(int signal) {
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE;
}

Failure faulted(pid_t tid, int signal) {
  const auto regs = get_regs(tid);
  return fail(ErrorKind::kInternal, "task {} got signal {} at {:#x} while it was built", tid, signal,
              regs ? regs->rip : 0);
}

void wait_for_news() {
  sigset_t none;
  sigemptyset(&none);
  const timespec time_out{0, 50000000};
  (void)::ppoll(nullptr, 0, &time_out, &none);  // SIGCHLD, blocked elsewhere, ends it
}

// Of this thread, which makes and waits for all of them.
std::set<pid_t> children_of_ours() {
  const auto text = sys::read_file(fmt::format("/proc/self/task/{}/children", ::gettid()));
  const auto children = text ? proc::parse_children(*text) : std::vector<pid_t>();
  return children ? std::set<pid_t>(children->begin(), children->end()) : std::set<pid_t>();
}

}  // namespace

Nursery::Nursery(std::optional<Clock::time_point> deadline)
    : deadline_(deadline), strangers_(children_of_ours()) {}

Result<void> Nursery::adopt(pid_t root) {
  root_ = root;
  wards_[root] = {root, root, true, false, false};
  return seize(root, kOptions);
}

Result<std::optional<Nursery::Event>> Nursery::handle(pid_t tid, int status) {
  if (!WIFSTOPPED(status)) {
    wards_.erase(tid);
    return Event{tid, true, status};
  }
  const int event = status >> 16;
  Ward& ward = wards_[tid];
  ward.tid = tid;
  switch (event) {
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE: {
      const auto child = static_cast<pid_t>(CR_TRY(event_message(tid)));
      Ward& newborn = wards_[child];
      newborn.tid = child;
      newborn.known = true;
      newborn.program_of = ward.program_of;
      if (newborn.newborn) {
        newborn.newborn = false;
        CR_TRY(resume(child));
      }
      CR_TRY(resume(tid));
      return std::nullopt;
    }
    case PTRACE_EVENT_EXEC:
      ward.program_of = tid;
      ward.known = true;
      CR_TRY(resume(tid));
      return std::nullopt;
    case PTRACE_EVENT_STOP:
      // The first stop of a child may be seen before its mother's fork; until then nobody knows what it runs.
      if (!ward.known)
        ward.newborn = true;
      else
        CR_TRY(resume(tid));
      return std::nullopt;
    default:
      break;
  }
  const int signal = WSTOPSIG(status);
  if (mortal_.contains(tid)) {
    CR_TRY(resume(tid, signal));
    return std::nullopt;
  }
  if (signal == SIGTRAP) {
    ward.stopped = true;
    return Event{tid, false, 0};
  }
  if (is_fault(signal)) return faulted(tid, signal);
  CR_TRY(resume(tid));  // SIGCHLD of stand-ins and their like: no news to the restored task
  return std::nullopt;
}

Result<Nursery::Event> Nursery::next(Clock::time_point deadline) {
  for (;;) {
    int status = 0;
    const pid_t tid = ::waitpid(-1, &status, __WALL | WNOHANG);
    if (tid < 0) return fail_errno("wait for the tasks");
    if (tid > 0) {
      const auto event = CR_TRY(handle(tid, status));
      if (event) return *event;
      continue;
    }
    if (Clock::now() >= deadline) return fail(ErrorKind::kDeadline, "the tasks were not built in time");
    wait_for_news();
  }
}

Result<void> Nursery::go_on(pid_t tid) {
  const auto found = wards_.find(tid);
  if (found == wards_.end()) return fail(ErrorKind::kSystem, "task {} ended while it was built", tid);
  found->second.stopped = false;
  return resume(tid);
}

// The status of the next stop of this very thread.
Result<int> Nursery::wait_for(pid_t tid) {
  const auto patience = Clock::now() + kCallPatience;
  const auto give_up = deadline_ ? std::min(*deadline_, patience) : patience;
  int status = 0;
  for (pid_t got = 0; got == 0;) {
    got = ::waitpid(tid, &status, __WALL | WNOHANG);
    if (got < 0) return fail_errno("wait for task {}", tid);
    if (got == 0 && Clock::now() >= give_up)
      return fail(ErrorKind::kDeadline, "task {} does not come back from a call made for it", tid);
    if (got == 0) wait_for_news();
  }
  if (!WIFSTOPPED(status)) {
    wards_.erase(tid);
    return fail(ErrorKind::kSystem, "task {} ended while it was built", tid);
  }
  if (is_fault(WSTOPSIG(status))) return faulted(tid, WSTOPSIG(status));
  return status;
}

Result<void> Nursery::set_call(pid_t tid, uint64_t instruction, bool compat, long number,
                               const std::vector<uint64_t>& arguments) {
  user_regs_struct regs = CR_TRY(get_regs(tid));
  std::vector<uint64_t> a = arguments;
  a.resize(6);
  regs.rip = instruction;
  regs.orig_rax = ~0ull;
  regs.rax = static_cast<uint64_t>(number);
  if (compat)
    regs.rbx = a[0], regs.rcx = a[1], regs.rdx = a[2], regs.rsi = a[3], regs.rdi = a[4], regs.rbp = a[5];
  else
    regs.rdi = a[0], regs.rsi = a[1], regs.rdx = a[2], regs.r10 = a[3], regs.r8 = a[4], regs.r9 = a[5];
  return set_regs(tid, regs);
}

Result<int64_t> Nursery::call(pid_t tid, uint64_t instruction, bool compat, long number,
                              const std::vector<uint64_t>& arguments) {
  CR_TRY(set_call(tid, instruction, compat, number, arguments));
  for (int stop = 0; stop < 2; ++stop) {
    CR_TRY(resume_to_syscall_stop(tid));
    CR_TRY(wait_for(tid));
  }
  const user_regs_struct regs = CR_TRY(get_regs(tid));
  return compat ? int64_t{static_cast<int32_t>(regs.rax)} : static_cast<int64_t>(regs.rax);
}

Result<uint64_t> Nursery::begin_call(pid_t tid, uint64_t instruction, bool compat, long number,
                                     const std::vector<uint64_t>& arguments) {
  CR_TRY(set_call(tid, instruction, compat, number, arguments));
  CR_TRY(resume_to_syscall_stop(tid));
  CR_TRY(wait_for(tid));
  // With the interrupt already there the call sets up its restart and comes back without waiting.
  CR_TRY(interrupt(tid));
  CR_TRY(resume(tid));
  CR_TRY(wait_for(tid));
  return CR_TRY(get_regs(tid)).rax;
}

Result<void> Nursery::park(pid_t tid) {
  CR_TRY(interrupt(tid));
  CR_TRY(resume(tid));
  const int status = CR_TRY(wait_for(tid));
  if (status >> 16 != PTRACE_EVENT_STOP)
    return fail(ErrorKind::kInternal, "task {} stopped otherwise ({:#x})", tid, status);
  return {};
}

void Nursery::let_all_go() {
  std::set<pid_t> ended;
  for (const auto& [tid, ward] : wards_)
    if (!detach(tid) && tid != root_) ended.insert(tid);
  wards_.clear();
  // Others of its process went on first, and ended it. Until its tracer has waited for it, its process is not
  // seen to end. Leaders come last, so all are asked in turn.
  while (!ended.empty()) {
    std::erase_if(ended, [](pid_t tid) { return ::waitpid(tid, nullptr, __WALL | WNOHANG) != 0; });
    if (!ended.empty()) ::poll(nullptr, 0, 1);
  }
}

void Nursery::kill_all() {
  // The children of the killed fall to us, and are gone when we return: a dead one still has its id.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  for (const auto& [tid, ward] : wards_) ::kill(tid, SIGKILL);
  const auto somebody_left = [this] {
    return !wards_.empty() || !std::ranges::includes(strangers_, children_of_ours());
  };
  while (true) {
    int status = 0;
    const pid_t tid = ::waitpid(-1, &status, __WALL | WNOHANG);
    if (tid > 0 && WIFSTOPPED(status)) ::kill(tid, SIGKILL);  // just born, no ward yet
    if (tid > 0 && !WIFSTOPPED(status)) wards_.erase(tid);
    if (tid < 0 || (tid == 0 && !somebody_left())) break;
    if (tid == 0) ::poll(nullptr, 0, 1);
  }
  wards_.clear();
}

}  // namespace cr::trace
