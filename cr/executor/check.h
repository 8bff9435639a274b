// Is an area safe to run? Every index, slot, data offset, address and reason is looked at; nothing is run.
#pragma once

#include "cr/base/result.h"
#include "cr/executor/program.h"

namespace cr::exec {

// After this says yes, the interpreter reads and writes only inside the area on its own account (what system
// calls, copies and read_fully do to the task's memory is the plan's business). Safe on any bytes whatever.
Result<void> check(const Area& area);

}  // namespace cr::exec
