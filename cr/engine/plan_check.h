// A last look at a plan before it is carried out: nothing in it can touch what carries it out.
#pragma once

#include "cr/base/result.h"
#include "cr/kinds/plan.h"

namespace cr::engine {

// Each task's program is sound (exec::check), and none of its calls maps, moves, unmaps or fills memory where
// the program itself lies. Internal error: validate() should have seen that the image cannot be restored.
Result<void> check_plan(const kinds::Plan& plan);

}  // namespace cr::engine
