// Compiles an image's records into a plan. Pure: no privileges, no side effects, the same plan every time.
#pragma once

#include "cr/engine/validate.h"
#include "cr/kinds/plan.h"
#include "cr/kinds/records.h"
#include "cr/kinds/vdso_exchange.h"

namespace cr::engine {

// Requires: validate() succeeded. Unsupported if a sound tree cannot be built. Without exchanges the plan is
// one for the kernel that the image was taken on.
Result<kinds::Plan> compile(const kinds::Records& records, const kinds::VdsoExchanges& exchanges = {});

}  // namespace cr::engine
