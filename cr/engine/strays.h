// Looks for whatever would go on in code of an old vdso that is not there any more
// (kinds/memory/exchange_vdso.h).
#pragma once

#include "cr/base/result.h"
#include "cr/kinds/plan.h"

namespace cr::engine {

// Conflict: a thread of the plan would go on there.
Result<void> check_stray_threads(const kinds::Plan& plan);

// Requires: the task stands ready, its pages in their place. Conflict: among what the plan names as
// `searched` is the frame of a signal handler that would return there. Such a frame has no mark, but its
// instruction pointer stands beside flags and segments as it does nowhere else; addresses alone are left over
// by calls within the vdso. Left out is the dead end of a stack: what lies below the lowest of the stack
// pointers into its mapping.
Result<void> check_stray_frames(const kinds::ProcessPlan& process);

}  // namespace cr::engine
