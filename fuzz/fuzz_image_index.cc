// The index of an image, with its checksum made right so that the fuzzer gets past it: an accepted index is
// the whole file.
#include <cstring>
#include <span>
#include <vector>

#include "cr/image/format.h"
#include "cr/image/hash.h"
#include "cr/image/limits.h"
#include "fuzz/fuzz.h"

using cr::image::IndexEntry;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The first eight bytes say where the index lies; the rest is the index.
  if (size < sizeof(uint64_t) || size > fuzz::kMaxText) return -1;
  uint64_t index_offset = 0;
  std::memcpy(&index_offset, data, sizeof(index_offset));
  if (index_offset > cr::image::kMaxFileBytes) return -1;
  std::vector<std::byte> index(size - sizeof(index_offset));
  if (!index.empty()) std::memcpy(index.data(), data + sizeof(index_offset), index.size());

  const cr::image::Header header = cr::image::make_header({}, 0, {});
  const cr::image::Section place{
      {cr::image::kIndex, 0}, index_offset, index.size(), 0, cr::image::hash_of(index)};
  const cr::image::Footer footer = cr::image::make_footer(header, place);
  // The reader's own order: what decode_footer() lets through is what decode_index() has to cope with.
  const auto decoded = cr::image::decode_footer(
      std::span<const std::byte, sizeof(footer)>(cr::image::bytes_of(footer)), header, footer.file_size);
  if (!decoded) return 0;
  const auto sections = cr::image::decode_index(index, *decoded);
  if (!sections) return 0;

  FUZZ_REQUIRE(sections->size() * sizeof(IndexEntry) == index.size());
  uint64_t end = sizeof(cr::image::Header);
  for (const auto& section : *sections) {
    FUZZ_REQUIRE(section.offset == cr::image::align_up(end, cr::image::kSectionAlignment));
    FUZZ_REQUIRE(section_end(section) > section.offset);
    end = section_end(section);
  }
  FUZZ_REQUIRE(end <= index_offset && index_offset - end < cr::image::kSectionAlignment);
  return 0;
}
