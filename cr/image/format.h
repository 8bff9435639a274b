// The bytes of an image, as docs/FORMAT.md describes them, and pure functions that check them.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "cr/base/numbers.h"
#include "cr/base/result.h"
#include "cr/image/section.h"

namespace cr::image {

static_assert(std::endian::native == std::endian::little, "an image is little-endian, and so is x86-64");

constexpr uint16_t kMajorVersion = 1;  // another one means: not readable here
constexpr uint16_t kMinorVersion = 0;  // grows when something is added that old readers may ignore

// A reader must know every required feature and may ignore optional ones. Version 1.0 knows none of either.
constexpr uint64_t kKnownRequiredFeatures = 0;
constexpr uint64_t kKnownOptionalFeatures = 0;

constexpr uint64_t kRecordAlignment = 8;

// The first byte is no ASCII and the last two are a line end, so text conversion on the way shows at once.
constexpr std::array<char, 8> kMagic = {'\x89', 'C', 'R', 'I', 'M', 'G', '\r', '\n'};
constexpr std::array<char, 8> kEndMagic = {'\x89', 'C', 'R', 'E', 'N', 'D', '\r', '\n'};

struct Header {
  std::array<char, 8> magic;
  uint16_t major_version;
  uint16_t minor_version;
  uint32_t page_size;
  uint64_t required_features;
  uint64_t optional_features;
  std::array<std::byte, 16> image_id;  // random
  uint64_t reserved;                   // zero
  uint64_t hash;                       // of the bytes before
};

struct IndexEntry {
  uint32_t type;
  uint32_t flags;  // zero
  uint64_t id;
  uint64_t offset;
  uint64_t length;
  uint64_t hash;
};

struct Footer {
  uint64_t index_offset;
  uint64_t index_length;
  uint64_t index_hash;
  uint64_t file_size;
  uint64_t header_hash;  // ties the two ends together: the footer of one image does not fit another
  uint64_t reserved;     // zero
  uint64_t hash;         // of the bytes before
  std::array<char, 8> end_magic;
};

static_assert(sizeof(Header) == 64 && std::has_unique_object_representations_v<Header>);
static_assert(sizeof(IndexEntry) == 40 && std::has_unique_object_representations_v<IndexEntry>);
static_assert(sizeof(Footer) == 64 && std::has_unique_object_representations_v<Footer>);

constexpr uint64_t kMinFileBytes = sizeof(Header) + sizeof(Footer);

constexpr uint64_t alignment_of(uint32_t type) { return type == kPages ? kPageSize : kRecordAlignment; }

// Requires: value is at most kMaxFileBytes, or was checked to be far from 2^64.
constexpr uint64_t align_up(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

// The wire structs have no padding, so their memory is their encoding.
template <typename T>
std::span<const std::byte> bytes_of(const T& value) {
  static_assert(std::has_unique_object_representations_v<T>);
  return std::as_bytes(std::span(&value, 1));
}

// What every complaint about an image's bytes ends with.
constexpr std::string_view kDamageAdvice =
    "the image is damaged: do not restore from it, take another copy or a new checkpoint";

template <typename... Args>
Failure damaged(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::kInvalidImage, "{}; {}", fmt::format(format, std::forward<Args>(args)...),
              kDamageAdvice);
}

// Complete but for features: hash and all.
Header make_header(const std::array<std::byte, 16>& image_id);
Footer make_footer(const Header& header, uint64_t index_offset, std::span<const std::byte> index);

// Magic, hash, version, page size, features: in that order, so that a damaged header is not taken for a new
// version.
Result<Header> decode_header(std::span<const std::byte, sizeof(Header)> bytes);

// Also that the footer belongs to this header and that the index it points to ends where the footer begins.
Result<Footer> decode_footer(std::span<const std::byte, sizeof(Footer)> bytes, const Header& header,
                             uint64_t file_size);

// Checks the index against its hash, and that sections follow each other without gaps other than alignment,
// so that sections, padding, header, index and footer together are the whole file.
Result<std::vector<Section>> decode_index(std::span<const std::byte> bytes, const Footer& footer);

}  // namespace cr::image
