// What must hold where a tree is to be restored, looked at before anything is made.
#pragma once

#include "cr/engine/options.h"
#include "cr/kinds/plan.h"
#include "cr/kinds/records.h"

namespace cr::engine {

// Conflict: a task id is taken or too high, or a file is not what it was. `left_running`: the tree was, after
// its checkpoint. An id that nobody has any more is waited for, no longer than the operation may last.
Result<void> check_ids(const kinds::Plan& plan, bool left_running, const Operation& operation = {});
Result<void> check_files(const kinds::Plan& plan);

// Conflict: a standard descriptor of this command is not fit to stand in for what the tree inherited.
Result<void> check_stdio(const kinds::Plan& plan);

// Conflict: some thread has vector or other extended state that this CPU does not have, has elsewhere, or
// that cannot be given back.
Result<void> check_cpu_state(const kinds::Plan& plan);

// Conflict: something can only be made by calls of the 32-bit ABI, and this kernel takes none.
Result<void> check_calls(const kinds::Plan& plan);

// Conflict: this kernel has no membarrier command that a task is registered for.
Result<void> check_membarrier(const kinds::Plan& plan);

// The highest descriptor number in use while the tree is built.
int highest_number(const kinds::Plan& plan);
// Conflict: the hard limit of descriptors is below that number, or a task's would have to be higher than the
// engine may raise it; its own is raised for a moment to see. So are a pipe that may not be made as large
// here, and a program below the lowest address.
Result<void> check_limits(const kinds::Plan& plan);

}  // namespace cr::engine
