// Records that are larger than an image may hold, known before one is begun.
#pragma once

#include <vector>

#include "cr/base/result.h"
#include "cr/kinds/records.h"

namespace cr::engine {

// A blocker for each, at whoever holds what is recorded; `root` is blamed for what nobody seems to hold.
std::vector<Blocker> size_blockers(const kinds::Records& records, pid_t root);

}  // namespace cr::engine
