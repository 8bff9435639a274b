// An address in another process: never dereferenced here, never mixed up with a pointer of ours.
#pragma once

#include <compare>
#include <cstdint>

namespace cr {

struct RemoteAddr {
  uint64_t value = 0;

  friend auto operator<=>(const RemoteAddr&, const RemoteAddr&) = default;
  RemoteAddr operator+(uint64_t bytes) const { return {value + bytes}; }
  explicit operator bool() const { return value != 0; }
};

enum class WordSize : uint8_t { k32 = 32, k64 = 64 };

}  // namespace cr
