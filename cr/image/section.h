// The names of an image's parts, shared by writer and reader.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include <fmt/format.h>

namespace cr::image {

// Two types belong to the container: pages of the memory object `id`, and the index. Every other number is a
// record type of the layers above; the container carries its payload without looking inside.
constexpr uint32_t kPages = 0;
constexpr uint32_t kIndex = 0xffffffff;

constexpr bool is_record(uint32_t type) { return type != kPages && type != kIndex; }

// Unique among the records of an image. An object's pages may lie in many sections.
struct SectionKey {
  uint32_t type = 0;
  uint64_t id = 0;

  auto operator<=>(const SectionKey&) const = default;

  std::string name() const {
    if (type == kIndex) return "index";
    return type == kPages ? fmt::format("pages of object {}", id)
                          : fmt::format("record type {} id {}", type, id);
  }
};

// One section as the index tells it. All offsets count from the first byte of the file.
struct Section {
  SectionKey key;
  uint64_t offset = 0;    // of its head
  uint64_t length = 0;    // of its payload, which follows the head
  uint64_t attached = 0;  // bytes of page data behind the payload, from the next page boundary on
  uint64_t hash = 0;      // XXH3 of the payload

  bool operator==(const Section&) const = default;
};

}  // namespace cr::image
