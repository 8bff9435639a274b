// What `cr diff` says.
#pragma once

#include <string>

#include "cr/base/result.h"
#include "cr/cli/output.h"

namespace cr::cli {

// The exit status of images that differ. Not 1, as of diff(1): that says that something failed.
constexpr int kDiffer = 7;

Result<int> diff(const std::string& a, const std::string& b, bool all, const Output& output);

}  // namespace cr::cli
