// Stops a whole process tree exactly: when freeze() is done, nothing of the tree runs, and nothing was
// missed.
//
// Nor does a thread stand in the middle of a function of its vdso, if that can be had: code and data of a
// vdso are of one kernel, and another one can give neither (kinds/memory/exchange_vdso.h). Such a thread runs
// a little further.
//
// Threads are seized with the options that make the kernel attach every new child at once, so whoever forks,
// clones or re-parents during the scan cannot get away; the tree is complete when a scan of /proc finds
// nobody new while all that are known stand still.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cr/trace/thread_state.h"

namespace cr::trace {

using Clock = std::chrono::steady_clock;

// A thread the freezer holds by ptrace.
struct Held {
  enum class At {
    kRunning,  // on its way to a stop
    kHome,     // in a PTRACE_EVENT_STOP with its own registers
    kAway,     // runs something of ours
    kArrived,  // came back from it: a ptrace-stop of another sort
  };
  pid_t tid = 0;
  pid_t tgid = 0;
  At at = At::kRunning;
  bool interrupted = false;  // the last stop was a PTRACE_EVENT_STOP: asked for, no matter what it was doing
  bool group_stopped = false;    // by SIGSTOP and the like: job control, not us
  bool let_go = false;           // a vfork child that must reach its exec before its parent can stop
  bool waits_for_child = false;  // in vfork
  bool given_up = false;         // it waits in there, and cannot be stopped
  bool described = false;        // `state` has been filled in
  Clock::time_point waiting_since{};
  ThreadState state;             // as it was when it came home
  int notify_signal = 0;         // while away: the signal that says it has finished
  std::vector<int> deferred;     // SIGSTOP that came while away; sent again at the thaw
  Clock::time_point asked_at{};  // when it was told to stop
};

// A thread that cannot be held.
struct Loose {
  pid_t tgid = 0;
  pid_t tracer = 0;  // who has it; 0: it has ended, while others of its process go on
};

struct VdsoRange {
  uint64_t start = 0, end = 0;

  bool has(uint64_t address) const { return start <= address && address < end; }
};

class Freezer {
 public:
  // `interrupted` is asked now and then while the tree is being stopped; true abandons that (the engine is
  // gone). A thread that runs something of ours is waited for all the same: it must come home first.
  explicit Freezer(std::function<bool()> interrupted) : interrupted_(std::move(interrupted)) {}

  // All of the tree stands still, apart from what blockers() names: that, too, is described as far as it can
  // be. Or the error tells why not (nothing is held back then by mistake: call thaw()).
  Result<void> freeze(pid_t root, Clock::time_point deadline);
  Result<std::vector<ProcessState>> describe();
  // An error once the deadline has passed or the engine is gone.
  Result<void> in_time(Clock::time_point deadline) const;
  // May its threads be made to do something? Not what job control has stopped, nor what is not all held.
  Hold hold_of(pid_t tgid) const;
  const std::vector<Blocker>& blockers() const { return blockers_; }

  // Waits until the thread is in a ptrace-stop again (At::kArrived) or gone.
  Result<void> wait_for_arrival(pid_t tid, Clock::time_point deadline);

  std::map<pid_t, Held>& held() { return held_; }

  // Lets every thread go on with its own registers. Requires: none is away. Never fails half-way.
  void thaw();
  // Ends all tasks of the tree and waits until they are gone.
  void kill_all();

 private:
  Result<bool> scan();
  Result<void> hold(pid_t tgid, pid_t tid);
  Result<std::vector<pid_t>> children_of(pid_t tgid, pid_t tid) const;
  Result<void> settle(Clock::time_point deadline);
  void on_stop(pid_t tid, int status);
  void stop_again(Held& thread, int signal);
  bool reap_events();
  void wait_for_event(Clock::time_point deadline);
  void let_vfork_children_go(Held& parent);
  Result<ThreadState> snapshot(pid_t tid);
  Result<void> look_at(Held& thread);
  bool all_stand() const;
  Result<void> leave_vdsos(Clock::time_point deadline);
  Result<void> walk_out(pid_t tid, const VdsoRange& vdso, Clock::time_point deadline);
  Result<void> step_out(pid_t tid, const VdsoRange& vdso);
  void let_strays_go();
  static void send_home(Held& thread);
  void name_blockers();

  std::function<bool()> interrupted_;
  pid_t root_ = 0;
  std::map<pid_t, Held> held_;
  std::map<pid_t, Loose> loose_;    // as last scanned
  std::map<pid_t, pid_t> parents_;  // process -> parent, as last scanned
  std::set<pid_t> zombies_;
  std::vector<Blocker> blockers_;
  struct Queue {
    std::vector<siginfo_t> signals;
    SignalSet unlisted = 0;
  };
  std::map<pid_t, Queue> queues_;  // of whole processes, at the moment all stood
  std::map<pid_t, Hold> holds_;    // of processes that are not in our hands as all others are
};

}  // namespace cr::trace
