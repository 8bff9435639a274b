// What the commands do, and what they say of it.
#pragma once

#include "cr/base/result.h"
#include "cr/cli/options.h"
#include "cr/cli/output.h"

namespace cr::cli {

// The exit status, or the error that tells it.
Result<int> carry_out(const Arguments& arguments, const Output& output);

}  // namespace cr::cli
