// What must hold where a tree is to be restored, looked at before anything is made.
#pragma once

#include "cr/kinds/plan.h"
#include "cr/kinds/records.h"

namespace cr::engine {

// Conflict: a task id is taken, or a file is not what it was. `left_running`: the tree was, after its
// checkpoint.
Result<void> check_ids(const kinds::Plan& plan, bool left_running);
Result<void> check_files(const kinds::Plan& plan);

// Conflict: some thread has vector or other extended state that this CPU does not have.
Result<void> check_cpu_state(const kinds::Plan& plan);

// The highest descriptor number in use while the tree is built.
int highest_number(const kinds::Plan& plan);
// Conflict: the hard limit of descriptors is below that number, or a task's would have to be higher than the
// engine may raise it; its own is raised for a moment to see.
Result<void> check_limits(const kinds::Plan& plan);

}  // namespace cr::engine
