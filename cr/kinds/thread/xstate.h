// What an XSAVE image tells of a thread.
#pragma once

#include <cstddef>
#include <span>

#include "cr/sys/cpu.h"

namespace cr::kinds {

// Nobody may put them back into a thread that has not asked for tiles, and no restored one has.
inline bool holds_tiles(std::span<const std::byte> xstate) {
  constexpr size_t kHeaderEnd = 512 + 64;
  return xstate.size() >= kHeaderEnd && (sys::components_in_use(xstate) & sys::kTileData) != 0;
}

}  // namespace cr::kinds
