// `cr binfmt`: what it says of registering images with the kernel.
#pragma once

#include <string>

#include "cr/base/result.h"
#include "cr/cli/output.h"

namespace cr::cli {

constexpr char kBinfmtName[] = "cr-image";

Result<int> binfmt_install(const std::string& name, const Output& output);
Result<int> binfmt_remove(const std::string& name, const Output& output);
Result<int> binfmt_status(const Output& output);

}  // namespace cr::cli
