// The bytes of an image, as docs/FORMAT.md describes them, and pure functions that check them.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
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

// A reader must know every required feature and may ignore optional ones.
constexpr uint64_t kFeatureParent = 1 << 0;  // pages are inherited from another image, which must be at hand
constexpr uint64_t kFeatureZstd = 1 << 1;    // pages are compressed
constexpr uint64_t kKnownRequiredFeatures = kFeatureParent | kFeatureZstd;
constexpr uint64_t kKnownOptionalFeatures = 0;

constexpr uint64_t kSectionAlignment = 8;

// The first byte is no ASCII and the last two are a line end, so text conversion on the way shows at once.
constexpr std::array<char, 8> kMagic = {'\x89', 'C', 'R', 'I', 'M', 'G', '\r', '\n'};
constexpr std::array<char, 8> kEndMagic = {'\x89', 'C', 'R', 'E', 'N', 'D', '\r', '\n'};

using ImageId = std::array<std::byte, 16>;
std::string to_text(const ImageId& id);  // 32 hexadecimal digits

struct Header {
  std::array<char, 8> magic;
  uint16_t major_version;
  uint16_t minor_version;
  uint32_t page_size;
  uint64_t required_features;
  uint64_t optional_features;
  ImageId image_id;   // random
  ImageId parent_id;  // zero without kFeatureParent
  uint64_t reserved;  // zero
  uint64_t hash;      // of the bytes before
};

// Before every section, the index included: enough to read an image front to back.
struct SectionHead {
  uint32_t type;
  uint32_t flags;  // zero
  uint64_t id;
  uint64_t length;
  uint64_t attached;
  uint64_t payload_hash;
  uint64_t hash;  // of the bytes before
};

enum class ExtentKind : uint32_t {
  kRaw = 0,
  kZero = 1,
  kZstd = 2,    // one frame, which tells its content's size
  kSame = 3,    // as pages that came before in this image
  kParent = 4,  // as pages of the parent image
};

// The payload of a page section is a table of these: pages of one object, in its order.
struct ExtentEntry {
  uint32_t kind;
  uint32_t pages;
  uint64_t first;        // the object's page that it begins with
  uint64_t stored;       // bytes of attached data: kRaw and kZstd
  uint64_t source_id;    // kSame, kParent: the object that has these pages
  uint64_t source_page;  // and the first of them
  uint64_t hash;         // of the attached bytes
};

struct IndexEntry {
  uint32_t type;
  uint32_t flags;  // zero
  uint64_t id;
  uint64_t offset;
  uint64_t length;
  uint64_t attached;
  uint64_t hash;
};

struct Footer {
  uint64_t index_offset;  // of its section head
  uint64_t index_length;  // of its payload, which ends where the footer begins
  uint64_t index_hash;
  uint64_t file_size;
  uint64_t header_hash;  // ties the two ends together: the footer of one image does not fit another
  uint64_t reserved;     // zero
  uint64_t hash;         // of the bytes before
  std::array<char, 8> end_magic;
};

static_assert(sizeof(Header) == 80 && std::has_unique_object_representations_v<Header>);
static_assert(sizeof(SectionHead) == 48 && std::has_unique_object_representations_v<SectionHead>);
static_assert(sizeof(ExtentEntry) == 48 && std::has_unique_object_representations_v<ExtentEntry>);
static_assert(sizeof(IndexEntry) == 48 && std::has_unique_object_representations_v<IndexEntry>);
static_assert(sizeof(Footer) == 64 && std::has_unique_object_representations_v<Footer>);

constexpr uint64_t kMinFileBytes = sizeof(Header) + sizeof(SectionHead) + sizeof(Footer);

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

// Where a section's parts lie. Requires: the section was decoded, so that nothing wraps.
constexpr uint64_t payload_offset(const Section& section) { return section.offset + sizeof(SectionHead); }
constexpr uint64_t payload_end(const Section& section) { return payload_offset(section) + section.length; }
constexpr uint64_t attached_offset(const Section& section) {
  return section.attached == 0 ? payload_end(section) : align_up(payload_end(section), kPageSize);
}
constexpr uint64_t section_end(const Section& section) { return attached_offset(section) + section.attached; }

Header make_header(const ImageId& image_id, uint64_t required_features, const ImageId& parent_id);
SectionHead make_head(const Section& section);
IndexEntry make_index_entry(const Section& section);
// `index` is the section of the index itself.
Footer make_footer(const Header& header, const Section& index);

// Magic, hash, version, page size, features: in that order, so that a damaged header is not taken for a new
// version.
Result<Header> decode_header(std::span<const std::byte, sizeof(Header)> bytes);

// The section that begins at `offset`: its head is sound and its sizes are within the limits.
Result<Section> decode_head(std::span<const std::byte, sizeof(SectionHead)> bytes, uint64_t offset);

// Also that the footer belongs to this header, and that the index it points to ends where the footer begins.
Result<Footer> decode_footer(std::span<const std::byte, sizeof(Footer)> bytes, const Header& header,
                             uint64_t file_size);

// The sections before the index, checked against the footer's hash: they follow each other without gaps other
// than alignment, records first, so that header, sections, padding, index and footer are the whole file.
Result<std::vector<Section>> decode_index(std::span<const std::byte> bytes, const Footer& footer);

}  // namespace cr::image
