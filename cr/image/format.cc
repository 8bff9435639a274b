#include "cr/image/format.h"

#include <cstring>

#include "cr/image/hash.h"
#include "cr/image/limits.h"

namespace cr::image {
namespace {

template <typename T>
uint64_t hash_before_field(const T& value, size_t field_offset) {
  return hash_of(bytes_of(value).first(field_offset));
}

uint64_t own_hash(const Header& header) { return hash_before_field(header, offsetof(Header, hash)); }
uint64_t own_hash(const Footer& footer) { return hash_before_field(footer, offsetof(Footer, hash)); }

Result<void> check_place(const Section& section, uint64_t expected_offset, uint64_t end) {
  if (section.offset != expected_offset)
    return damaged("index: {} is said to begin at {}, but its place is {}", section.key.name(),
                   section.offset, expected_offset);
  if (section.offset > end || section.length > end - section.offset)
    return damaged("index: {} at offset {} with {} bytes reaches beyond the index at {}", section.key.name(),
                   section.offset, section.length, end);
  if (section.key.type == kPages && !page_aligned(section.length))
    return damaged("index: {} at offset {} has {} bytes, not whole pages", section.key.name(), section.offset,
                   section.length);
  if (section.key.type != kPages && section.length > kMaxRecordBytes)
    return damaged("index: {} at offset {} has {} bytes, more than the limit of {}", section.key.name(),
                   section.offset, section.length, kMaxRecordBytes);
  return {};
}

}  // namespace

Header make_header(const std::array<std::byte, 16>& image_id) {
  Header header{.magic = kMagic,
                .major_version = kMajorVersion,
                .minor_version = kMinorVersion,
                .page_size = kPageSize,
                .required_features = 0,
                .optional_features = 0,
                .image_id = image_id,
                .reserved = 0,
                .hash = 0};
  header.hash = own_hash(header);
  return header;
}

Footer make_footer(const Header& header, uint64_t index_offset, std::span<const std::byte> index) {
  Footer footer{.index_offset = index_offset,
                .index_length = index.size(),
                .index_hash = hash_of(index),
                .file_size = index_offset + index.size() + sizeof(Footer),
                .header_hash = header.hash,
                .reserved = 0,
                .hash = 0,
                .end_magic = kEndMagic};
  footer.hash = own_hash(footer);
  return footer;
}

Result<Header> decode_header(std::span<const std::byte, sizeof(Header)> bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.magic != kMagic)
    return fail(ErrorKind::kInvalidImage,
                "header at offset 0: not a cr image (no magic number); give the file that cr dump wrote");
  if (const uint64_t hash = own_hash(header); hash != header.hash)
    return damaged("header at offset 0: checksum is {:016x}, header says {:016x}", hash, header.hash);
  if (header.major_version != kMajorVersion)
    return fail(ErrorKind::kInvalidImage,
                "header at offset 8: format version {}.{}, this program reads {}.x; use the cr that wrote it",
                header.major_version, header.minor_version, kMajorVersion);
  if (header.page_size != kPageSize)
    return fail(ErrorKind::kInvalidImage,
                "header at offset 12: page size {}, this machine has {}; restore where it was taken",
                header.page_size, kPageSize);
  if (const uint64_t unknown = header.required_features & ~kKnownRequiredFeatures; unknown != 0)
    return fail(ErrorKind::kInvalidImage,
                "header at offset 16: needs features {:#x} that this program does not know; use a newer cr",
                unknown);
  if (header.reserved != 0)
    return damaged("header at offset 48: reserved bytes are {:#x}, not zero", header.reserved);
  return header;
}

Result<Footer> decode_footer(std::span<const std::byte, sizeof(Footer)> bytes, const Header& header,
                             uint64_t file_size) {
  Footer footer;
  std::memcpy(&footer, bytes.data(), sizeof(footer));
  const uint64_t at = file_size - sizeof(Footer);
  if (footer.end_magic != kEndMagic)
    return damaged("footer at offset {}: no end mark; the file was cut short or something was appended", at);
  if (const uint64_t hash = own_hash(footer); hash != footer.hash)
    return damaged("footer at offset {}: checksum is {:016x}, footer says {:016x}", at, hash, footer.hash);
  if (footer.header_hash != header.hash)
    return damaged("footer at offset {}: belongs to another image than the header", at);
  if (footer.file_size != file_size)
    return damaged("footer at offset {}: the image was written with {} bytes, the file has {}", at,
                   footer.file_size, file_size);
  if (footer.reserved != 0)
    return damaged("footer at offset {}: reserved bytes are {:#x}, not zero", at, footer.reserved);
  if (footer.index_offset < sizeof(Header) || footer.index_offset > at ||
      footer.index_length != at - footer.index_offset)
    return damaged("footer at offset {}: index at {} with {} bytes does not end at the footer", at,
                   footer.index_offset, footer.index_length);
  if (footer.index_length % sizeof(IndexEntry) != 0)
    return damaged("footer at offset {}: index of {} bytes is no whole number of entries", at,
                   footer.index_length);
  if (footer.index_length / sizeof(IndexEntry) > kMaxSections)
    return damaged("footer at offset {}: {} sections, the limit is {}", at,
                   footer.index_length / sizeof(IndexEntry), kMaxSections);
  return footer;
}

Result<std::vector<Section>> decode_index(std::span<const std::byte> bytes, const Footer& footer) {
  CR_CHECK(bytes.size() == footer.index_length);
  if (const uint64_t hash = hash_of(bytes); hash != footer.index_hash)
    return damaged("index at offset {}: checksum is {:016x}, footer says {:016x}", footer.index_offset, hash,
                   footer.index_hash);
  std::vector<Section> sections;
  sections.reserve(bytes.size() / sizeof(IndexEntry));
  uint64_t position = sizeof(Header);
  for (; !bytes.empty(); bytes = bytes.subspan(sizeof(IndexEntry))) {
    IndexEntry entry;
    std::memcpy(&entry, bytes.data(), sizeof(entry));
    const Section section{{entry.type, entry.id}, entry.offset, entry.length, entry.hash};
    if (entry.flags != 0)
      return damaged("index: {} has unknown flags {:#x}", section.key.name(), entry.flags);
    CR_TRY(check_place(section, align_up(position, alignment_of(entry.type)), footer.index_offset));
    position = section.offset + section.length;
    sections.push_back(section);
  }
  if (align_up(position, kRecordAlignment) != footer.index_offset)
    return damaged("index at offset {}: the last section ends at {}", footer.index_offset, position);
  return sections;
}

}  // namespace cr::image
