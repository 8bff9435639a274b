// Which images are not too much for a target that touches every page: zeros cost an image nothing, but
// whoever reads or writes them.
#pragma once

#include <cstdint>

#include "cr/image/reader.h"

namespace fuzz {

inline bool is_moderate(const cr::image::Reader& reader) {
  constexpr uint64_t kMostPages = 4096;
  uint64_t pages = 0;
  for (const auto& [id, extents] : reader.pages().objects()) {
    if (reader.pages().pages(id) > kMostPages) return false;
    pages += reader.pages().pages(id);
  }
  return pages <= kMostPages;
}

}  // namespace fuzz
