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
uint64_t own_hash(const SectionHead& head) { return hash_before_field(head, offsetof(SectionHead, hash)); }
uint64_t own_hash(const Footer& footer) { return hash_before_field(footer, offsetof(Footer, hash)); }

// What a section of its type can be, wherever it lies.
Result<void> check_shape(const Section& section) {
  const std::string name = section.key.name();
  if (section.key.type == kPages) {
    if (section.length == 0 || section.length % sizeof(ExtentEntry) != 0 ||
        section.length / sizeof(ExtentEntry) > kMaxExtentsPerSection)
      return damaged("{} at offset {}: a table of {} bytes", name, section.offset, section.length);
    if (section.attached > kMaxExtentsPerSection * kMaxExtentPages * kPageSize)
      return damaged("{} at offset {}: {} bytes of page data, more than its table can tell of", name,
                     section.offset, section.attached);
    return {};
  }
  if (section.attached != 0)
    return damaged("{} at offset {}: page data, where there can be none", name, section.offset);
  if (section.key.type == kIndex) {
    if (section.key.id != 0 || section.length % sizeof(IndexEntry) != 0 ||
        section.length / sizeof(IndexEntry) > kMaxSections)
      return damaged("{} at offset {}: {} bytes", name, section.offset, section.length);
    return {};
  }
  if (section.length > kMaxRecordBytes)
    return damaged("{} at offset {}: {} bytes, more than the limit of {}", name, section.offset,
                   section.length, kMaxRecordBytes);
  return {};
}

Result<void> check_place(const Section& section, uint64_t expected_offset, uint64_t index_offset) {
  const std::string name = section.key.name();
  if (section.offset != expected_offset)
    return damaged("index: {} is said to begin at {}, but its place is {}", name, section.offset,
                   expected_offset);
  CR_TRY(check_shape(section), "index");
  if (section.key.type == kIndex) return damaged("index: names itself");
  if (section.offset > index_offset || section_end(section) > index_offset)
    return damaged("index: {} at offset {} with {}+{} bytes reaches beyond the index at {}", name,
                   section.offset, section.length, section.attached, index_offset);
  return {};
}

}  // namespace

std::string to_text(const ImageId& id) {
  std::string text;
  for (const std::byte byte : id) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

Header make_header(const ImageId& image_id, uint64_t required_features, const ImageId& parent_id) {
  Header header{.magic = kMagic,
                .major_version = kMajorVersion,
                .minor_version = kMinorVersion,
                .page_size = kPageSize,
                .required_features = required_features,
                .optional_features = 0,
                .image_id = image_id,
                .parent_id = parent_id,
                .reserved = 0,
                .hash = 0};
  header.hash = own_hash(header);
  return header;
}

SectionHead make_head(const Section& section) {
  SectionHead head{.type = section.key.type,
                   .flags = 0,
                   .id = section.key.id,
                   .length = section.length,
                   .attached = section.attached,
                   .payload_hash = section.hash,
                   .hash = 0};
  head.hash = own_hash(head);
  return head;
}

IndexEntry make_index_entry(const Section& section) {
  return {.type = section.key.type,
          .flags = 0,
          .id = section.key.id,
          .offset = section.offset,
          .length = section.length,
          .attached = section.attached,
          .hash = section.hash};
}

Footer make_footer(const Header& header, const Section& index) {
  Footer footer{.index_offset = index.offset,
                .index_length = index.length,
                .index_hash = index.hash,
                .file_size = payload_end(index) + sizeof(Footer),
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
  const bool has_parent = (header.required_features & kFeatureParent) != 0;
  if (has_parent == (header.parent_id == ImageId{}))
    return damaged("header at offset 48: a parent's id {} the feature that tells of it",
                   has_parent ? "is missing for" : "without");
  if (has_parent && header.parent_id == header.image_id)
    return damaged("header at offset 48: the image is said to be its own parent");
  if (header.reserved != 0)
    return damaged("header at offset 64: reserved bytes are {:#x}, not zero", header.reserved);
  return header;
}

Result<Section> decode_head(std::span<const std::byte, sizeof(SectionHead)> bytes, uint64_t offset) {
  SectionHead head;
  std::memcpy(&head, bytes.data(), sizeof(head));
  if (const uint64_t hash = own_hash(head); hash != head.hash)
    return damaged("section head at offset {}: checksum is {:016x}, head says {:016x}", offset, hash,
                   head.hash);
  const Section section{{head.type, head.id}, offset, head.length, head.attached, head.payload_hash};
  if (head.flags != 0)
    return damaged("{} at offset {}: unknown flags {:#x}", section.key.name(), offset, head.flags);
  CR_TRY(check_shape(section));
  return section;
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
  if (footer.index_offset < sizeof(Header) || footer.index_offset > at - sizeof(SectionHead) ||
      footer.index_length != at - sizeof(SectionHead) - footer.index_offset)
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
  bool pages_began = false;
  for (; !bytes.empty(); bytes = bytes.subspan(sizeof(IndexEntry))) {
    IndexEntry entry;
    std::memcpy(&entry, bytes.data(), sizeof(entry));
    const Section section{{entry.type, entry.id}, entry.offset, entry.length, entry.attached, entry.hash};
    if (entry.flags != 0)
      return damaged("index: {} has unknown flags {:#x}", section.key.name(), entry.flags);
    CR_TRY(check_place(section, align_up(position, kSectionAlignment), footer.index_offset));
    if (pages_began && is_record(entry.type))
      return damaged("index: {} at offset {} comes after pages", section.key.name(), section.offset);
    pages_began = entry.type == kPages;
    position = section_end(section);
    sections.push_back(section);
  }
  if (align_up(position, kSectionAlignment) != footer.index_offset)
    return damaged("index at offset {}: the last section ends at {}", footer.index_offset, position);
  return sections;
}

}  // namespace cr::image
