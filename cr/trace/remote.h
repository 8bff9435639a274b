// Makes a frozen thread do something for us: a single system call, or a run of the agent.
//
// Used inside the guardian only. Whatever happens in between, the thread ends at home with its own registers
// and mask, or it is gone.
#pragma once

#include <array>
#include <map>

#include "cr/base/remote_addr.h"
#include "cr/trace/freezer.h"

namespace cr::trace {

// A piece of our own memory inside a task.
struct MappedArea {
  pid_t pid = 0;
  WordSize word_size = WordSize::k64;
  uint64_t address = 0;
  uint64_t size = 0;
};

// Where a thread starts to run the blob (cr/executor/program.h: rdi = control, rsp = stack top).
struct AgentRun {
  pid_t tid = 0;
  uint64_t entry = 0;
  uint64_t control = 0;
  uint64_t stack_top = 0;
  // A signal that the task ignores by default and does not catch: the agent sends it to itself at its end. We
  // see it as a ptrace-stop; if we are dead by then, the kernel drops it. 0: none is free, every call is
  // watched instead.
  int notify_signal = 0;
  // Others may send that signal, too: it is through when this counter of its has come so far.
  uint64_t counter = 0;  // address of 32 bits
  uint32_t through = 0;
};

class Remote {
 public:
  explicit Remote(Freezer& freezer) : freezer_(freezer) {}

  // Anonymous, private, rwx, chosen by the kernel; below 4 GiB for a 32-bit task. Unsupported, with a
  // blocker, if the task has no place for that. Requires: its threads are home.
  Result<uint64_t> map(pid_t pid, WordSize word_size, uint64_t size);
  // All runs at once; when it returns, all threads are home again.
  Result<void> run(const std::vector<AgentRun>& runs, Clock::time_point deadline);
  // Fills in ThreadState::wait of every thread whose time-out only the kernel knows. A wait that ends
  // meanwhile has ended: the thread's state then says so.
  Result<void> observe_waits(Clock::time_point deadline);
  // Takes all of our memory out of the tasks; where that fails, out of the others all the same.
  Result<void> unmap_all();
  // Brings home whoever is away. Never fails half-way.
  void bring_home();

 private:
  Result<int64_t> call(Held& thread, WordSize word_size, long number,
                       const std::array<uint64_t, 6>& arguments);
  Result<uint64_t> gadget(pid_t pid, WordSize word_size);
  Result<void> leave(Held& thread, const user_regs_struct& regs, SignalSet mask);
  Result<void> come_home(Held& thread);
  Result<void> unmap(const MappedArea& area);
  Result<void> wait_until_through(const AgentRun& run, Clock::time_point deadline);
  Result<void> observe_wait(Held& thread, Clock::time_point deadline);
  Result<bool> let_sleep(Held& thread);

  Freezer& freezer_;
  std::map<pid_t, MappedArea> areas_;
  std::map<pid_t, uint64_t> gadgets_;
};

}  // namespace cr::trace
