#include "cr/image/scanner.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "cr/image/hash.h"
#include "cr/image/limits.h"

namespace cr::image {

Result<Scanner> Scanner::begin(Stream& stream) {
  Scanner scanner(stream);
  std::array<std::byte, sizeof(Header)> bytes;
  CR_TRY(stream.read(bytes), "header");
  scanner.header_ = CR_TRY(decode_header(bytes));
  CR_TRY(scanner.read_head());
  return scanner;
}

Result<void> Scanner::read_head() {
  const uint64_t offset = align_up(stream_->position(), kSectionAlignment);
  CR_TRY(skip_padding("a section", offset));
  std::array<std::byte, sizeof(SectionHead)> bytes;
  CR_TRY(stream_->read(bytes), "section head at offset {}", offset);
  next_ = CR_TRY(decode_head(bytes, offset));
  if (next_.key.type == kIndex) return {};
  if (section_end(next_) > kMaxFileBytes || sections_.size() >= kMaxSections)
    return damaged("{} at offset {}: beyond all limits", next_.key.name(), offset);
  if (is_record(next_.key.type) && !keys_.insert(next_.key).second)
    return damaged("{} at offset {}: is there twice", next_.key.name(), offset);
  sections_.push_back(next_);
  return {};
}

Result<void> Scanner::skip_padding(std::string_view before, uint64_t end) {
  std::array<std::byte, kPageSize> bytes;
  const uint64_t begin = stream_->position();
  CR_CHECK(end - begin < kPageSize);
  const auto padding = std::span(bytes).first(end - begin);
  CR_TRY(stream_->read(padding), "padding before {}", before);
  const auto stray = std::ranges::find_if(padding, [](std::byte byte) { return byte != std::byte{0}; });
  if (stray == padding.end()) return {};
  return damaged("padding before {} at offset {}: is not zero", before,
                 begin + static_cast<uint64_t>(stray - padding.begin()));
}

// The length is within the limits of its kind; memory is taken as bytes come, so that a false length costs
// nothing.
Result<std::vector<std::byte>> Scanner::read_payload() {
  constexpr size_t kStep = size_t{1} << 20;
  std::vector<std::byte> payload;
  for (uint64_t left = next_.length; left > 0;) {
    const size_t step = std::min<uint64_t>(left, kStep);
    payload.resize(payload.size() + step);
    CR_TRY(stream_->read(std::span(payload).last(step)), "{} at offset {}", next_.key.name(), next_.offset);
    left -= step;
  }
  if (const uint64_t hash = hash_of(payload); hash != next_.hash)
    return damaged("{} at offset {}: checksum is {:016x}, its head says {:016x}", next_.key.name(),
                   next_.offset, hash, next_.hash);
  return payload;
}

Result<void> Scanner::records(const OnRecord& on_record) {
  while (is_record(next_.key.type)) {
    const std::vector<std::byte> payload = CR_TRY(read_payload());
    const SectionKey key = next_.key;
    CR_TRY(on_record(key, std::string(reinterpret_cast<const char*>(payload.data()), payload.size())));
    CR_TRY(read_head());
  }
  return {};
}

Result<void> Scanner::read_extents(std::span<const Extent> extents, const OnExtent& on_extent) {
  const uint64_t object = next_.key.id;
  std::vector<std::byte> stored;
  for (const Extent& extent : extents) {
    stored.resize(extent.stored);
    if (extent.stored != 0) {
      CR_TRY(skip_padding("page data", extent.offset));
      CR_TRY(stream_->read(stored), "pages {:#x} of object {}", extent.first, object);
      if (const uint64_t hash = hash_of(stored); hash != extent.hash)
        return damaged("pages {:#x} of object {} at offset {}: checksum is {:016x}, should be {:016x}",
                       extent.first, object, extent.offset, hash, extent.hash);
    }
    CR_TRY(on_extent(object, extent, stored));
  }
  return {};
}

Result<void> Scanner::pages(const OnExtent& on_extent) {
  while (next_.key.type == kPages) {
    const std::vector<std::byte> payload = CR_TRY(read_payload());
    const std::vector<Extent> extents = CR_TRY(decode_extents(next_, payload));
    CR_TRY(table_.add(next_, extents, header_));
    CR_TRY(read_extents(extents, on_extent));
    CR_TRY(read_head());
  }
  if (next_.key.type != kIndex)
    return damaged("{} at offset {}: comes after pages", next_.key.name(), next_.offset);
  return finish();
}

Result<void> Scanner::finish() {
  const std::vector<std::byte> payload = CR_TRY(read_payload());
  std::array<std::byte, sizeof(Footer)> bytes;
  CR_TRY(stream_->read(bytes), "footer");
  if (!CR_TRY(stream_->at_end()))
    return damaged("something follows the footer, at offset {}", stream_->position());
  const Footer footer = CR_TRY(decode_footer(bytes, header_, stream_->position()));
  if (footer.index_offset != next_.offset || footer.index_hash != next_.hash)
    return damaged("footer: tells of another index than the one at offset {}", next_.offset);
  const std::vector<Section> told = CR_TRY(decode_index(payload, footer));
  if (!std::ranges::equal(told, sections_))
    return damaged("index at offset {}: is not that of the sections before it", next_.offset);
  return {};
}

}  // namespace cr::image
