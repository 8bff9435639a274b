// What `cr verify` checks and says, of a file or of a stream.
#pragma once

#include "cr/base/result.h"
#include "cr/cli/options.h"
#include "cr/cli/output.h"
#include "cr/engine/options.h"

namespace cr::cli {

Result<int> verify(const Arguments& arguments, const engine::Operation& operation, const Output& output);

}  // namespace cr::cli
