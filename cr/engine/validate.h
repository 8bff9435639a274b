// Are the records of an image a tree that could have been? Pure and total: nothing behind it needs to doubt
// them.
#pragma once

#include "cr/base/result.h"
#include "cr/kinds/records.h"

namespace cr::engine {

// Every kind's validate(), and what concerns several of them. InvalidImage.
Result<void> validate(const kinds::Records& records);

}  // namespace cr::engine
