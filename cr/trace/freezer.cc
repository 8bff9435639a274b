#include "cr/trace/freezer.h"

#include <linux/kcmp.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cr/proc/children.h"
#include "cr/proc/stat.h"
#include "cr/proc/status.h"
#include "cr/sys/fd.h"
#include "cr/trace/interrupted.h"

namespace cr::trace {
namespace {

using namespace std::chrono_literals;

// Every way to get a child attaches it to us before it runs its first instruction.
constexpr unsigned long kSeizeOptions =
    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

// How long a thread may take to stop before we ask whether it waits for a vfork child.
constexpr auto kStopPatience = 20ms;

// How long a vfork child may take to its exec or its end.
constexpr auto kVforkPatience = 1s;

// How long those on their way to a stop are waited for when they are let go on instead.
constexpr auto kWayHome = 500ms;

// How often the tree is scanned again for what a task brings forth that somebody else lets run.
constexpr int kLooseScans = 100;

Result<proc::Stat> read_stat(pid_t tid) {
  const std::string text = CR_TRY(sys::read_file(fmt::format("/proc/{}/stat", tid)));
  return CR_TRY(proc::parse_stat(text), "/proc/{}/stat", tid);
}

Result<proc::Status> read_status(pid_t tid) {
  const std::string text = CR_TRY(sys::read_file(fmt::format("/proc/{}/status", tid)));
  return CR_TRY(proc::parse_status(text), "/proc/{}/status", tid);
}

SignalSet unlisted(SignalSet pending, const std::vector<siginfo_t>& queue) {
  for (const siginfo_t& info : queue) pending &= ~signal_bit(info.si_signo);
  return pending;
}

bool same_memory(pid_t a, pid_t b) { return ::syscall(SYS_kcmp, a, b, KCMP_VM, 0, 0) == 0; }

bool is_gone(const Error& error) { return error.error_number() == ESRCH || error.error_number() == ENOENT; }

}  // namespace

Result<void> Freezer::freeze(pid_t root, Clock::time_point deadline) {
  root_ = root;
  parents_[root] = 0;
  for (int scans = 1;; ++scans) {
    const bool news = CR_TRY(scan());
    CR_TRY(settle(deadline));
    if (!news && all_stand()) break;
    if (!loose_.empty() && scans >= kLooseScans) break;
  }
  let_strays_go();
  CR_TRY(leave_vdsos(deadline));
  // What a stopped thread says of itself cannot change any more.
  for (auto& [tid, thread] : held_) {
    thread.state.tid = tid;
    if (thread.at == Held::At::kHome) CR_TRY(look_at(thread));
  }
  name_blockers();
  return {};
}

bool Freezer::all_stand() const {
  return std::all_of(held_.begin(), held_.end(), [](const auto& entry) {
    return entry.second.at == Held::At::kHome || entry.second.given_up;
  });
}

// Whose parent ended while it was told to stop fell to somebody outside of the tree, and is no part of it.
void Freezer::let_strays_go() {
  for (auto it = held_.begin(); it != held_.end();) {
    const bool stray = it->second.at == Held::At::kHome && !parents_.contains(it->second.tgid);
    if (stray) send_home(it->second);
    it = stray ? held_.erase(it) : std::next(it);
  }
}

// What keeps threads from being held, or from being made to run something of ours.
void Freezer::name_blockers() {
  for (const auto& [tid, thread] : held_) {
    if (thread.at != Held::At::kHome)
      blockers_.push_back({thread.tgid, "vfork", fmt::format("thread {}", tid),
                           "waits in vfork for a child that neither executes anything nor ends"});
    else if (thread.group_stopped && !holds_.contains(thread.tgid))
      blockers_.push_back({thread.tgid, "stopped", "task",
                           "is stopped by job control (SIGSTOP or a terminal); continue it first"});
    else if (!thread.group_stopped)
      continue;
    holds_[thread.tgid] = Hold::kStill;
  }
  for (const auto& [tid, thread] : loose_) {
    if (thread.tracer == 0) {
      blockers_.push_back({tid, "dead-leader", "thread", "the first thread has ended while others go on"});
      holds_.emplace(tid, Hold::kStill);
    } else {
      blockers_.push_back({thread.tgid, "traced", fmt::format("thread {}", tid),
                           fmt::format("is traced by pid {}; detach that debugger first", thread.tracer)});
      holds_[thread.tgid] = Hold::kLoose;
    }
  }
}

Hold Freezer::hold_of(pid_t tgid) const {
  const auto known = holds_.find(tgid);
  return known == holds_.end() ? Hold::kFirm : known->second;
}

// One pass over the tree below the root: true if it found anybody new.
Result<bool> Freezer::scan() {
  bool news = false;
  std::map<pid_t, pid_t> parents{{root_, 0}};
  std::set<pid_t> zombies;
  std::map<pid_t, Loose> were_loose;
  were_loose.swap(loose_);
  std::vector<pid_t> todo{root_};
  while (!todo.empty()) {
    const pid_t pid = todo.back();
    todo.pop_back();
    const auto stat = read_stat(pid);
    if (!stat) {
      if (pid == root_) return Failure(Error(stat.error()).within(fmt::format("pid {}", pid)));
      continue;  // it exited; if it is a zombie's end, the next pass sees the tree without it
    }
    if (stat->state == 'Z' && stat->num_threads <= 1) {
      if (pid == root_) return fail(ErrorKind::kSystem, "pid {} has ended; nothing of the tree is left", pid);
      news |= zombies.insert(pid).second && !zombies_.contains(pid);
      continue;
    }
    const auto tids = sys::list_dir(fmt::format("/proc/{}/task", pid));
    if (!tids) continue;
    for (const std::string& name : *tids) {
      const pid_t tid = std::atoi(name.c_str());
      if (!held_.contains(tid)) {
        CR_TRY(hold(pid, tid));
        news |= !loose_.contains(tid) || !were_loose.contains(tid);
      } else if (held_[tid].tgid != pid) {
        held_[tid].tgid = pid;
        news = true;
      }
      for (const pid_t child : CR_TRY(children_of(pid, tid))) {
        if (parents.emplace(child, pid).second) todo.push_back(child);
      }
    }
  }
  news |= parents != parents_ || zombies != zombies_;
  parents_ = std::move(parents);
  zombies_ = std::move(zombies);
  return news;
}

// A thread that is gone has none; a kernel that tells nobody's would make every tree one of a single task.
Result<std::vector<pid_t>> Freezer::children_of(pid_t tgid, pid_t tid) const {
  const std::string task = fmt::format("/proc/{}/task/{}", tgid, tid);
  const auto text = sys::read_file(task + "/children");
  if (text) return CR_TRY(proc::parse_children(*text), "{}/children", task);
  if (is_gone(text.error()) && ::access(task.c_str(), F_OK) < 0) return std::vector<pid_t>();
  return fail(ErrorKind::kSystem, "{}; the kernel needs CONFIG_PROC_CHILDREN", text.error().message());
}

Result<void> Freezer::hold(pid_t tgid, pid_t tid) {
  const auto seized = seize(tid, kSeizeOptions);
  if (!seized) {
    if (is_gone(seized.error())) return {};
    const auto status = read_status(tid);
    if (!status) {
      if (is_gone(status.error())) return {};
      return Failure(Error(status.error()));
    }
    if (status->tracer_pid == ::getpid()) {
      // The kernel attached it for us; its first stop is on the way.
    } else if (status->state == 'Z' || status->state == 'X') {
      if (tid == tgid && status->threads > 1) loose_[tid] = {tgid, 0};
      return {};
    } else if (status->tracer_pid != 0) {
      loose_[tid] = {tgid, status->tracer_pid};
      return {};
    } else {
      return Failure(Error(seized.error()));
    }
  }
  Held& thread = held_[tid];
  thread.tid = tid;
  thread.tgid = tgid;
  thread.asked_at = Clock::now();
  (void)interrupt(tid);  // fails only if it exits meanwhile, or stands in its first stop already
  return {};
}

// Waits until all that are held have come home (or exited), apart from those that never will.
Result<void> Freezer::settle(Clock::time_point deadline) {
  for (;;) {
    while (reap_events()) {
    }
    const auto late = std::find_if(held_.begin(), held_.end(), [](const auto& entry) {
      const Held& thread = entry.second;
      return thread.at == Held::At::kRunning && !thread.let_go && !thread.given_up;
    });
    if (late == held_.end()) {
      bool waiting = false;
      for (auto& [tid, thread] : held_) {
        if (!thread.let_go) continue;
        // Its parent stands; now it may be stopped itself.
        thread.let_go = false;
        waiting = true;
        (void)interrupt(tid);
      }
      if (!waiting) return {};
      continue;
    }
    if (Clock::now() - late->second.asked_at > kStopPatience) let_vfork_children_go(late->second);
    if (late->second.waits_for_child && Clock::now() - late->second.waiting_since > kVforkPatience) {
      late->second.given_up = true;
      continue;
    }
    if (Clock::now() >= deadline) {
      const auto stat = read_stat(late->first);
      return fail(ErrorKind::kDeadline, "thread {} of pid {} did not stop in time (state {})", late->first,
                  late->second.tgid, stat ? stat->state : '?');
    }
    wait_for_event(std::min(deadline, Clock::now() + kStopPatience));
    if (interrupted_()) return fail(ErrorKind::kSystem, "the engine has ended");
  }
}

Result<void> Freezer::in_time(Clock::time_point deadline) const {
  if (interrupted_()) return fail(ErrorKind::kSystem, "the engine has ended");
  if (Clock::now() < deadline) return {};
  return fail(ErrorKind::kDeadline, "the deadline passed while waits were looked at");
}

// A parent inside vfork(2) waits unstoppably until its child has a memory of its own: that child must run to
// its exec.
void Freezer::let_vfork_children_go(Held& parent) {
  parent.asked_at = Clock::now();
  if (parent.at != Held::At::kRunning) return;
  for (auto& [tid, thread] : held_) {
    if (thread.at != Held::At::kHome || thread.tgid == parent.tgid || !same_memory(thread.tid, parent.tid))
      continue;
    const auto stat = read_stat(tid);
    if (!stat || stat->ppid != parent.tgid) continue;
    thread.at = Held::At::kRunning;
    thread.let_go = true;
    if (!parent.waits_for_child) parent.waiting_since = Clock::now();
    parent.waits_for_child = true;
    (void)resume(tid);
  }
}

void Freezer::stop_again(Held& thread, int signal) {
  // Any ptrace-stop forgets a pending PTRACE_INTERRUPT (kernel/signal.c, ptrace_stop), so it is asked for
  // anew.
  if (!thread.let_go) (void)interrupt(thread.tid);
  (void)resume(thread.tid, signal);
}

void Freezer::on_stop(pid_t tid, int status) {
  Held& thread = held_[tid];
  thread.tid = tid;
  if (thread.tgid == 0) {  // attached by the kernel, not yet seen in /proc
    const auto status_of = read_status(tid);
    thread.tgid = status_of ? status_of->tgid : tid;
    thread.asked_at = Clock::now();
  }
  const int signal = WSTOPSIG(status);
  const int event = status >> 16;
  thread.interrupted = event == PTRACE_EVENT_STOP;
  if (event == PTRACE_EVENT_STOP) {
    thread.group_stopped = signal != SIGTRAP;
    thread.at = thread.at == Held::At::kAway ? Held::At::kArrived : Held::At::kHome;
    return;
  }
  if (thread.at == Held::At::kAway) {
    const bool syscall_stop = event == 0 && signal == SIGTRAP && thread.notify_signal == 0;
    if (syscall_stop || (event == 0 && signal == thread.notify_signal)) {
      thread.at = Held::At::kArrived;
      return;
    }
    // All others but SIGSTOP are blocked while a thread is away.
    if (event == 0) thread.deferred.push_back(signal);
    if (thread.notify_signal == 0)
      (void)resume_to_syscall_stop(tid);
    else
      (void)resume(tid);
    return;
  }
  if (event == PTRACE_EVENT_EXEC) {
    // The thread that made the exec took over the leader's id; the id it had is gone (ptrace(2)).
    const auto former = event_message(tid);
    if (former && static_cast<pid_t>(*former) != tid) held_.erase(static_cast<pid_t>(*former));
    thread.let_go = false;
  }
  stop_again(thread, event == 0 ? signal : 0);
}

// Handles one event if there is one.
bool Freezer::reap_events() {
  int status = 0;
  const pid_t tid = ::waitpid(-1, &status, __WALL | WNOHANG);
  if (tid <= 0) return false;
  if (WIFSTOPPED(status))
    on_stop(tid, status);
  else
    held_.erase(tid);
  return true;
}

void Freezer::wait_for_event(Clock::time_point deadline) {
  // SIGCHLD is blocked in this process except here, so an event between the last look and this wait ends it
  // at once.
  sigset_t others;
  sigfillset(&others);
  sigdelset(&others, SIGCHLD);
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - Clock::now()).count();
  const timespec time_out{std::max<long>(left, 0) / 1000000000, std::max<long>(left, 0) % 1000000000};
  (void)::ppoll(nullptr, 0, &time_out, &others);
}

Result<void> Freezer::wait_for_arrival(pid_t tid, Clock::time_point deadline) {
  for (;;) {
    while (reap_events()) {
    }
    const auto thread = held_.find(tid);
    if (thread == held_.end()) return fail(ErrorKind::kSystem, "thread {} ended", tid);
    if (thread->second.at != Held::At::kAway) return {};
    if (Clock::now() >= deadline)
      return fail(ErrorKind::kDeadline, "thread {} does not come back from our code", tid);
    wait_for_event(deadline);
  }
}

Result<ThreadState> Freezer::snapshot(pid_t tid) {
  ThreadState state;
  state.tid = tid;
  state.regs = CR_TRY(get_regs(tid));
  undo_giving_up(state);
  state.xstate = CR_TRY(get_xstate(tid));
  state.signal_mask = CR_TRY(get_signal_mask(tid));
  state.tls = CR_TRY(get_tls(tid));
  state.rseq = CR_TRY(get_rseq(tid));
  abort_critical_section(state);
  state.syscall_user_dispatch = CR_TRY(has_syscall_user_dispatch(tid));
  state.has_io_ports = CR_TRY(has_io_ports(tid));
  state.pending = CR_TRY(peek_signals(tid, SignalQueue::kThread));
  return state;
}

Result<void> Freezer::look_at(Held& thread) {
  const pid_t tid = thread.tid;
  // Before the queues: what comes meanwhile is in these, too.
  const proc::Status status = CR_TRY(read_status(tid));
  thread.state = CR_TRY(snapshot(tid));
  thread.described = true;
  thread.state.unlisted = unlisted(status.sig_pending, thread.state.pending);
  if (queues_.contains(thread.tgid)) return {};
  // Now, and not when waits have been looked at: the kernel hands a SIGSTOP even to a thread that blocks it.
  Queue& queue = queues_[thread.tgid];
  queue.signals = CR_TRY(peek_signals(tid, SignalQueue::kProcess));
  queue.unlisted = unlisted(status.sig_pending_shared, queue.signals);
  return {};
}

Result<std::vector<ProcessState>> Freezer::describe() {
  std::map<pid_t, ProcessState> processes;
  for (const auto& [pid, parent] : parents_) {
    ProcessState& process = processes[pid];
    process.pid = pid;
    process.parent = parent;
    process.zombie = zombies_.contains(pid);
    process.hold = hold_of(pid);
  }
  const auto add = [&processes](pid_t pid, const ThreadState& thread) {
    const auto process = processes.find(pid);
    if (process != processes.end()) process->second.threads.push_back(thread);
  };
  for (const auto& [tid, thread] : held_) add(thread.tgid, thread.state);
  for (const auto& [tid, thread] : loose_) {
    ThreadState unknown;
    unknown.tid = tid;
    if (thread.tracer != 0) add(thread.tgid, unknown);
  }
  std::vector<ProcessState> ordered;
  for (auto& [pid, process] : processes) {
    // Below a task that runs on, some come and go after the last look.
    if (!loose_.empty() && process.zombie != process.threads.empty()) continue;
    if (process.zombie != process.threads.empty())
      return fail(ErrorKind::kSystem, "pid {} was ended while it was stopped", pid);
    if (!process.zombie) {
      std::stable_partition(process.threads.begin(), process.threads.end(),
                            [pid = pid](const ThreadState& thread) { return thread.tid == pid; });
      if (process.hold == Hold::kFirm && process.threads.front().tid != pid)
        return fail(ErrorKind::kSystem, "pid {}: its first thread ended while it was stopped", pid);
      if (const auto queue = queues_.find(pid); queue != queues_.end()) {
        process.pending = queue->second.signals;
        process.unlisted = queue->second.unlisted;
      }
    }
    ordered.push_back(std::move(process));
  }
  return ordered;
}

void Freezer::send_home(Held& thread) {
  for (const int signal : thread.deferred) ::kill(thread.tgid, signal);
  if (thread.at == Held::At::kHome) {
    // A freeze that failed has not looked at it yet.
    if (!thread.described) {
      thread.state.tid = thread.tid;
      if (const auto regs = get_regs(thread.tid)) thread.state.regs = *regs;
      undo_giving_up(thread.state);
    }
    // Also where nothing of ours ran: being stopped alone made this call give up.
    if (thread.state.gave_up) (void)set_regs(thread.tid, thread.state.regs);
  }
  (void)detach(thread.tid);
}

void Freezer::thaw() {
  const auto on_its_way = [](const auto& entry) {
    return entry.second.at == Held::At::kRunning && !entry.second.let_go && !entry.second.given_up;
  };
  // Only where it stands can what the stop did to it be undone.
  for (const auto until = Clock::now() + kWayHome; Clock::now() < until;) {
    while (reap_events()) {
    }
    if (std::none_of(held_.begin(), held_.end(), on_its_way)) break;
    wait_for_event(until);
  }
  for (auto& [tid, thread] : held_) send_home(thread);
  held_.clear();
}

void Freezer::kill_all() {
  for (const auto& [pid, parent] : parents_) ::kill(pid, SIGKILL);
  // Parents are gone first or last, it does not matter: whoever is left is reaped by its new parent.
  while (!held_.empty()) {
    int status = 0;
    const pid_t tid = ::waitpid(-1, &status, __WALL);
    if (tid < 0) break;
    if (!WIFSTOPPED(status)) held_.erase(tid);
  }
}

}  // namespace cr::trace
