// Reading back what a core file is made of.
#pragma once

#include <cstring>
#include <string>

#include "cr/base/result.h"

namespace cr::core {

// The struct or number at the offset; it must be there whole.
template <typename T>
T at(const std::string& bytes, size_t offset) {
  T value;
  CR_CHECK(offset + sizeof(value) <= bytes.size());
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

}  // namespace cr::core
