// Compiles an image's records into a plan. Pure: no privileges, no side effects, the same plan every time.
#pragma once

#include "cr/engine/validate.h"
#include "cr/kinds/plan.h"
#include "cr/kinds/records.h"

namespace cr::engine {

// Requires: validate() succeeded. Unsupported if a sound tree cannot be built.
Result<kinds::Plan> compile(const kinds::Records& records);

}  // namespace cr::engine
