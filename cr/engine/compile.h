// Compiles an image's records into a plan. Pure: no privileges, no side effects, the same plan every time.
#pragma once

#include "cr/kinds/plan.h"
#include "cr/kinds/records.h"

namespace cr::engine {

// Requires: kinds::Kind::validate() of every kind succeeded. InvalidImage or Unsupported where the parts of
// the image do not fit together.
Result<kinds::Plan> compile(const kinds::Records& records);

// Every kind's validate().
Result<void> validate(const kinds::Records& records);

}  // namespace cr::engine
