// Runs the list of one control until it is done or has failed (hosted: also until it traps).
#pragma once

#include "cr/executor/ops.h"

namespace cr::exec {

extern "C" void cr_exec_interpret(Control* control);

}  // namespace cr::exec
