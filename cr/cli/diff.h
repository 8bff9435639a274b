// What `cr diff` says.
#pragma once

#include "cr/base/result.h"
#include "cr/cli/options.h"
#include "cr/cli/output.h"
#include "cr/engine/options.h"

namespace cr::cli {

// The exit status of images that differ. Not 1, as of diff(1): that says that something failed.
constexpr int kDiffer = 7;

Result<int> diff(const Arguments& arguments, const engine::Operation& operation, const Output& output);

}  // namespace cr::cli
