// The only process that calls ptrace at a dump: tiny, forked before anything is frozen.
//
// It holds the tree still on the engine's behalf. When the engine ends in whatever way (its end of the socket
// closes), the guardian brings every thread home, takes our memory out of the tasks and lets them go on.
// Should both be killed, an agent that is running at that moment comes home by its signal frame (frame.h),
// and a thread that merely stands still goes on because its tracer is gone. What remains are three times in
// which the guardian itself must not be killed: of one mmap or munmap call made on a thread's behalf (tens of
// microseconds per process), while it is seen what is left of a wait that has a time-out (some
// milliseconds per thread), and while a thread steps out of its vdso (below a millisecond): that thread would
// go on with all signals blocked. So no signal but SIGKILL ends it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <vector>

#include "cr/sys/fd.h"
#include "cr/trace/remote.h"

namespace cr::trace {

struct FrozenTree {
  std::vector<ProcessState> processes;  // ascending pids
  std::vector<Blocker> blockers;  // what kept tasks from being frozen, or is already known not to be carried
};

class Guardian {
 public:
  static Result<Guardian> start();
  Guardian(Guardian&& other) noexcept
      : socket_(std::move(other.socket_)), pid_(std::exchange(other.pid_, 0)), let_go_at_(other.let_go_at_) {}
  Guardian& operator=(Guardian&&) = delete;
  // Lets the tasks go on if neither thaw() nor kill() was called.
  ~Guardian();

  // After so long without another word it lets the tasks go on, and is gone, whatever keeps the caller.
  // Nothing: no more limit. Once it has let go every call is an error (deadline): the tasks may have changed.
  Result<void> limit(std::optional<std::chrono::milliseconds> time);

  // Blockers, and no error, if the tree cannot be carried: then what they name may not stand still. All must
  // have stopped after `to_stop`; `in_all` bounds the look at their waits, too, which takes some milliseconds
  // for each.
  Result<FrozenTree> freeze(pid_t root, std::chrono::milliseconds to_stop,
                            std::chrono::milliseconds in_all = kTimeToLook);
  static constexpr std::chrono::minutes kTimeToLook{10};

  struct AreaRequest {
    pid_t pid = 0;
    WordSize word_size = WordSize::k64;
    uint64_t size = 0;
  };
  struct Areas {
    std::vector<uint64_t> addresses;  // one per request; 0 where a blocker tells why there is none
    std::vector<Blocker> blockers;
  };
  Result<Areas> map(const std::vector<AreaRequest>& requests);
  Result<void> run(const std::vector<AgentRun>& runs, std::chrono::milliseconds patience);
  Result<void> unmap_all();

  // The tasks go on as if nothing had happened.
  Result<void> thaw();
  // The tasks are killed; returns when they are gone.
  Result<void> kill();

 private:
  Guardian(sys::UniqueFd socket, pid_t pid) : socket_(std::move(socket)), pid_(pid) {}
  Result<std::vector<std::byte>> ask(uint32_t what, const std::vector<std::byte>& payload);

  sys::UniqueFd socket_;
  pid_t pid_ = 0;
  Clock::time_point let_go_at_ = Clock::time_point::max();
};

}  // namespace cr::trace
