// Who writes an image, and whether this engine on this machine may restore it.
#pragma once

#include "cr/base/result.h"
#include "cr/kinds/origin.pb.h"

namespace cr::engine {

Result<kinds::Origin> origin_here(pid_t root);

// Conflict: this machine or this command is not what the tree needs.
Result<void> check_origin(const kinds::Origin& origin);

}  // namespace cr::engine
