#include "cr/image/page_reader.h"

#include <algorithm>

#include "cr/base/numbers.h"
#include "cr/image/hash.h"
#include "cr/image/limits.h"

namespace cr::image {

Result<void> PageReader::load(const Extent& extent) {
  if (loaded_ == extent.offset) return {};
  loaded_ = 0;
  stored_.resize(extent.stored);
  CR_TRY(read_at(image_.fd(), stored_, extent.offset));
  if (const uint64_t hash = hash_of(stored_); hash != extent.hash)
    return damaged("at offset {}: checksum is {:016x}, should be {:016x}", extent.offset, hash, extent.hash);
  if (extent.kind == ExtentKind::kRaw) {
    content_.swap(stored_);
  } else {
    content_.resize(extent.pages * kPageSize);
    CR_TRY(decompressor_.decompress(stored_, content_));
  }
  loaded_ = extent.offset;
  return {};
}

// `into` is pages of the extent from its page `skip` on.
Result<void> PageReader::read_extent(const Extent& extent, uint64_t skip, std::span<std::byte> into) {
  switch (extent.kind) {
    case ExtentKind::kZero:
      std::ranges::fill(into, std::byte{0});
      return {};
    case ExtentKind::kSame:  // as one that is no such reference: PageTable has seen to it
      return read(extent.source_id, extent.source_page + skip, into);
    case ExtentKind::kParent:
      if (image_.parent() == nullptr)
        return fail(ErrorKind::kConflict, "inherits from another image, which is not there");
      if (!parent_) parent_ = std::make_unique<PageReader>(*image_.parent());
      return parent_->read(extent.source_id, extent.source_page + skip, into);
    case ExtentKind::kRaw:
    case ExtentKind::kZstd:
      CR_TRY(load(extent));
      std::ranges::copy(std::span(content_).subspan(skip * kPageSize, into.size()), into.begin());
      return {};
  }
  return {};
}

Result<void> PageReader::read(uint64_t object, uint64_t first, std::span<std::byte> into) {
  CR_CHECK(page_aligned(into.size()));
  const uint64_t count = into.size() / kPageSize, there = image_.pages().pages(object);
  if (first > there || count > there - first)
    return damaged("image {}: object {} has {:#x} pages, not {:#x} from {:#x} on", image_.name(), object,
                   there, count, first);
  const uint64_t end = first + count;
  for (uint64_t page = first; page < end;) {
    const Extent& extent = image_.pages().at(object, page);
    const uint64_t part = std::min(extent.end(), end) - page;
    CR_TRY(read_extent(extent, page - extent.first, into.first(part * kPageSize)),
           "image {}: page {:#x} of object {}", image_.name(), page, object);
    into = into.subspan(part * kPageSize);
    page += part;
  }
  return {};
}

}  // namespace cr::image
