// What a core file cannot express is refused like state that an image cannot: by name, with exit status 3.
#pragma once

#include "cr/base/result.h"

namespace cr::core {

inline Failure refuse(int pid, std::string reason) {
  return Failure(Error::unsupported({{pid, "core-file", fmt::format("core.{}", pid), std::move(reason)}}));
}

}  // namespace cr::core
