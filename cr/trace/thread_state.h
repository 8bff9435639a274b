// What ptrace tells of a frozen thread, taken at the moment it stopped.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "cr/trace/ptrace.h"

namespace cr::trace {

// What is left of a wait whose deadline the kernel keeps to itself (Restart::kBlock), seen by letting it go
// on for a moment.
struct ObservedWait {
  enum class Call { kUnknown, kNanosleep, kPoll, kFutex };
  Call call = Call::kUnknown;
  bool has_deadline = false;  // its timer was seen
  int64_t remaining_ns = 0;   // then: at the moment of the freeze, roughly
};

struct ThreadState {
  pid_t tid = 0;
  user_regs_struct regs{};
  std::vector<std::byte> xstate;  // XSAVE image, standard format
  SignalSet signal_mask = 0;      // the mask outside sigsuspend and friends
  TlsSlots tls{};
  std::optional<ptrace_rseq_configuration> rseq;  // nothing: the kernel cannot tell (before v5.13)
  bool syscall_user_dispatch = false;
  bool has_io_ports = false;  // ioperm(2)
  std::optional<ObservedWait> wait;
  bool gave_up = false;  // in a call that a stop ends with EINTR and nobody restarts (interrupted.h)
  std::vector<siginfo_t> pending;  // queued to this thread, oldest first
  SignalSet unlisted = 0;          // pending, and yet in no queue: see ProcessState
};

// How far a process is in our hands.
enum class Hold {
  kFirm,   // its threads stand still, and may be made to run something of ours
  kStill,  // nothing of it moves, but nothing of ours may run in it: a blocker says why
  kLoose,  // somebody else has it: what it shows may change while it is looked at, and a blocker says so
};

struct ProcessState {
  pid_t pid = 0;
  pid_t parent = 0;     // 0 for the root of the tree
  bool zombie = false;  // no threads then
  Hold hold = Hold::kFirm;
  std::vector<ThreadState> threads;  // the leader first, if it lives; of one that is not held only the tid
  std::vector<siginfo_t> pending;    // queued to the process, oldest first
  // Of these the kernel kept nothing but that they came: its sender was at RLIMIT_SIGPENDING
  // (kernel/signal.c,
  // __send_signal_locked).
  SignalSet unlisted = 0;
};

// A system call that the stop interrupted and the kernel means to restart: how it says so in rax
// (include/linux/errno.h; never seen by user code).
enum class Restart {
  kNone,
  kSame,   // ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND: the same call again
  kBlock,  // ERESTART_RESTARTBLOCK: goes on by restart_syscall(2) with what was left of a relative time-out
};
Restart restart_of(const user_regs_struct& regs);

// The registers with which the interrupted call is simply made again: what to put into a frame that
// rt_sigreturn(2) leaves by, since that return path restarts nothing. A relative time-out begins anew then.
user_regs_struct restarted(user_regs_struct regs);

}  // namespace cr::trace
