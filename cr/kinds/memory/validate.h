// What a plan relies on in the memory records.
#pragma once

#include "cr/kinds/records.h"

namespace cr::kinds {

Result<void> validate_memory(const Records& records);

}  // namespace cr::kinds
