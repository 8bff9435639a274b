// Pages that hold nothing need not be stored.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

namespace cr {

// Requires: not empty.
inline bool is_zero(std::span<const std::byte> bytes) {
  // Equal to itself one byte further on: the C library's fastest loop does the work.
  return bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace cr
