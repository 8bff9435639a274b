#include "cr/image/page_table.h"

#include <algorithm>
#include <cstring>

#include "cr/image/limits.h"

namespace cr::image {
namespace {

// Where page data of this kind begins, at the earliest from `offset` on.
uint64_t place_for(ExtentKind kind, uint64_t offset) {
  return align_up(offset, kind == ExtentKind::kRaw ? kPageSize : kSectionAlignment);
}

Result<void> check_entry(const ExtentEntry& entry) {
  if (entry.kind > static_cast<uint32_t>(ExtentKind::kParent))
    return damaged("of unknown kind {}", entry.kind);
  if (entry.pages == 0 || entry.pages > kMaxExtentPages) return damaged("has {} pages", entry.pages);
  const auto kind = static_cast<ExtentKind>(entry.kind);
  const uint64_t bytes = entry.pages * kPageSize;
  const bool has_source = kind == ExtentKind::kSame || kind == ExtentKind::kParent;
  const bool right_size = kind == ExtentKind::kRaw    ? entry.stored == bytes
                          : kind == ExtentKind::kZstd ? entry.stored > 0 && entry.stored < bytes
                                                      : entry.stored == 0;
  if (!right_size) return damaged("of {} pages has {} stored bytes", entry.pages, entry.stored);
  if (entry.stored == 0 && entry.hash != 0) return damaged("has a checksum of nothing");
  if (!has_source && (entry.source_id != 0 || entry.source_page != 0))
    return damaged("has a source that its kind does not need");
  if (entry.first > kMaxObjectPages || entry.source_page > kMaxObjectPages)
    return damaged("at page {:#x} from page {:#x}: beyond all objects", entry.first, entry.source_page);
  return {};
}

}  // namespace

Result<std::vector<Extent>> decode_extents(const Section& section, std::span<const std::byte> payload) {
  std::vector<Extent> extents;
  extents.reserve(payload.size() / sizeof(ExtentEntry));
  const uint64_t begin = attached_offset(section);
  uint64_t position = begin;
  for (; !payload.empty(); payload = payload.subspan(sizeof(ExtentEntry))) {
    ExtentEntry entry;
    std::memcpy(&entry, payload.data(), sizeof(entry));
    CR_TRY(check_entry(entry), "{} at offset {}: extent {}", section.key.name(), section.offset,
           extents.size());
    const auto kind = static_cast<ExtentKind>(entry.kind);
    const uint64_t offset = entry.stored == 0 ? 0 : place_for(kind, position);
    if (entry.stored != 0) position = offset + entry.stored;
    extents.push_back({.kind = kind,
                       .pages = entry.pages,
                       .first = entry.first,
                       .offset = offset,
                       .stored = entry.stored,
                       .source_id = entry.source_id,
                       .source_page = entry.source_page,
                       .hash = entry.hash});
  }
  if (position - begin != section.attached)
    return damaged("{} at offset {}: its table tells of {} bytes of page data, there are {}",
                   section.key.name(), section.offset, position - begin, section.attached);
  return extents;
}

Result<void> PageTable::check_source(const Extent& extent) const {
  const uint64_t end = extent.source_page + extent.pages;
  if (end > pages(extent.source_id))
    return damaged("is the same as pages {:#x} to {:#x} of object {}, which are not there",
                   extent.source_page, end, extent.source_id);
  // Extents of an object lie one after the other.
  for (const Extent* source = &at(extent.source_id, extent.source_page);; ++source) {
    if (source->kind == ExtentKind::kSame)
      return damaged("is the same as page {:#x} of object {}, which is the same as another", source->first,
                     extent.source_id);
    if (source->end() >= end) return {};
  }
}

Result<void> PageTable::add(const Section& section, std::span<const Extent> extents, const Header& header) {
  CR_CHECK(section.key.type == kPages);
  std::vector<Extent>& object = objects_[section.key.id];
  for (const Extent& extent : extents) {
    const auto check = [&]() -> Result<void> {
      const uint64_t expected = object.empty() ? 0 : object.back().end();
      if (extent.first != expected) return damaged("begins at page {:#x}, not {:#x}", extent.first, expected);
      if (extent.end() > kMaxObjectPages)
        return damaged("ends at page {:#x}, beyond all objects", extent.end());
      if (extent.kind == ExtentKind::kSame) return check_source(extent);
      if (extent.kind == ExtentKind::kParent && (header.required_features & kFeatureParent) == 0)
        return damaged("is inherited, but the header names no parent");
      if (extent.kind == ExtentKind::kZstd && (header.required_features & kFeatureZstd) == 0)
        return damaged("is compressed, but the header does not say so");
      return {};
    };
    CR_TRY(check(), "{} at offset {}: an extent", section.key.name(), section.offset);
    object.push_back(extent);
  }
  return {};
}

uint64_t PageTable::pages(uint64_t id) const {
  const auto found = objects_.find(id);
  return found == objects_.end() || found->second.empty() ? 0 : found->second.back().end();
}

const Extent& PageTable::at(uint64_t id, uint64_t page) const {
  const std::vector<Extent>& object = objects_.at(id);
  const auto after = std::ranges::upper_bound(object, page, {}, &Extent::first);
  CR_CHECK(after != object.begin() && page < std::prev(after)->end());
  return *std::prev(after);
}

}  // namespace cr::image
