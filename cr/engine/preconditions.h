// What must hold where a tree is to be restored, looked at before anything is made.
#pragma once

#include "cr/kinds/plan.h"
#include "cr/kinds/records.h"

namespace cr::engine {

// Conflict: a task id is taken, or a file is not what it was. `left_running`: the tree was, after its
// checkpoint.
Result<void> check_ids(const kinds::Plan& plan, bool left_running);
Result<void> check_files(const kinds::Plan& plan);

}  // namespace cr::engine
