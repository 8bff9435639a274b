// Calls with a relative time-out, interrupted: how much is left, and how to begin them again with just that.
//
// The kernel restarts these by restart_syscall(2) from a deadline that it keeps to itself (struct
// restart_block).
#pragma once

#include <sys/types.h>

#include <optional>

#include "cr/base/result.h"
#include "cr/kinds/plan.h"
#include "cr/kinds/thread/thread.pb.h"
#include "cr/trace/thread_state.h"

namespace cr::kinds {

// Requires: trace::restart_of(regs) is kBlock, the thread stands still. Nothing if the call is none we know.
Result<std::optional<Wait>> describe_wait(pid_t pid, const trace::ThreadState& thread);

// In a call that would be made again on a message queue or a semaphore, which are not carried.
bool waits_for_sysv_ipc(const trace::ThreadState& thread);

// Requires: thread.gave_up. A sigwaitinfo(2) without a time-out can simply be made again; others hold more
// than that.
bool waits_for_ever(const trace::ThreadState& thread);

Result<void> validate_wait(const Wait& wait);

// How many bytes the kernel may write at wait.address() when the call is begun again.
uint64_t written_by(const Wait& wait);

LateCall rearm_call(const Wait& wait, pid_t tid, exec::ListBuilder& list);

}  // namespace cr::kinds
