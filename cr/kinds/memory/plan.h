// How address spaces are built again.
#pragma once

#include "cr/kinds/plan_builder.h"
#include "cr/kinds/records.h"

namespace cr::kinds {

void plan_memory(Phase phase, const Records& records, PlanBuilder& builder);

}  // namespace cr::kinds
