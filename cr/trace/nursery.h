// Follows tasks that are being built: every fork, thread and exec of the root's descendants, from stop to
// stop.
//
// All of them end when the engine ends (PTRACE_O_EXITKILL): a failed restore leaves nothing running.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>

#include "cr/base/remote_addr.h"
#include "cr/trace/freezer.h"
#include "cr/trace/ptrace.h"

namespace cr::trace {

struct Ward {
  pid_t tid = 0;
  pid_t program_of = 0;  // whose program it runs: its own after its exec, its mother's before
  bool known = false;    // its mother's fork has been seen, so program_of is right
  bool stopped = false;  // at a trap (SIGTRAP)
  bool newborn = false;  // in its very first stop, not yet let go
};

class Nursery {
 public:
  // No call made for a thread is waited for beyond the deadline, nor for ever where there is none.
  // Requires: the root is still to be made.
  explicit Nursery(std::optional<Clock::time_point> deadline = {});

  // Requires: root is a child of ours that waits to be let go on. Whatever comes of it, kill_all() ends it.
  Result<void> adopt(pid_t root);

  // The next thread that comes to a trap, or nothing when `tid` was waited for and has ended.
  struct Event {
    pid_t tid = 0;
    bool ended = false;
    int status = 0;  // of an end, as wait(2) tells it
  };
  Result<Event> next(Clock::time_point deadline);

  // From a trap on.
  Result<void> go_on(pid_t tid);
  // From now on, signals of this thread are delivered to it: it is to end by one.
  void let_die(pid_t tid) { mortal_.insert(tid); }

  Ward& ward(pid_t tid) { return wards_.at(tid); }
  const std::map<pid_t, Ward>& wards() const { return wards_; }

  // A call made by a thread that stands at a trap: its registers are spoilt afterwards. The address of a
  // `syscall` and of an `int $0x80` instruction in its memory is the caller's to give.
  Result<int64_t> call(pid_t tid, uint64_t instruction, bool compat, long number,
                       const std::vector<uint64_t>& arguments);
  // The same for a call that would wait: begun, and interrupted at once. What it left in rax: its result, or
  // the number by which the kernel means to restart it.
  Result<uint64_t> begin_call(pid_t tid, uint64_t instruction, bool compat, long number,
                              const std::vector<uint64_t>& arguments);
  // Brings a thread from any stop into one from which a call in its registers is restarted when it goes on.
  Result<void> park(pid_t tid);

  // From their stops on, everyone for himself: nobody is ours any more, apart from the root being our child.
  void let_all_go();
  // Nobody of the nursery is left, alive or as a zombie, when it returns. Other children of ours, which
  // whoever executed this command may have had, live on.
  void kill_all();

 private:
  Result<int> wait_for(pid_t tid);
  Result<void> set_call(pid_t tid, uint64_t instruction, bool compat, long number,
                        const std::vector<uint64_t>& arguments);
  Result<std::optional<Event>> handle(pid_t tid, int status);

  const std::optional<Clock::time_point> deadline_;
  pid_t root_ = 0;
  std::map<pid_t, Ward> wards_;
  std::set<pid_t> mortal_;
  std::set<pid_t> strangers_;  // children of ours that were there before the root
};

}  // namespace cr::trace
