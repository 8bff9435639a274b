// The names of an image's parts, shared by writer and reader.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include <fmt/format.h>

namespace cr::image {

// The one type that belongs to the container: raw page data of the memory object `id`. Every other number is
// a record type of the layers above; the container carries its payload without looking inside.
constexpr uint32_t kPages = 0;

// Unique within an image.
struct SectionKey {
  uint32_t type = 0;
  uint64_t id = 0;

  auto operator<=>(const SectionKey&) const = default;

  std::string name() const {
    return type == kPages ? fmt::format("pages of object {}", id)
                          : fmt::format("record type {} id {}", type, id);
  }
};

struct Section {
  SectionKey key;
  uint64_t offset = 0;  // of its first byte in the file
  uint64_t length = 0;
  uint64_t hash = 0;  // XXH3 of its bytes
};

}  // namespace cr::image
