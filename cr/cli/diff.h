// What `cr diff` says.
#pragma once

#include <span>
#include <string>

#include "cr/base/result.h"
#include "cr/cli/output.h"

namespace cr::cli {

// The exit status of images that differ. Not 1, as of diff(1): that says that something failed.
constexpr int kDiffer = 7;

// `parents`: files to look at for what the two inherit from.
Result<int> diff(const std::string& a, const std::string& b, std::span<const std::string> parents, bool all,
                 const Output& output);

}  // namespace cr::cli
