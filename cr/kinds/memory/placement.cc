#include "cr/kinds/memory/placement.h"

#include <algorithm>

#include "cr/base/numbers.h"

namespace cr::kinds {

using image::Extent;
using image::ExtentKind;

void Placement::place(const PageRun& run, bool fresh) {
  const uint64_t count = run.length() / kPageSize;
  if (table_ == nullptr)
    fills_.push_back({object_, next_, count, run.address(), fresh});
  else
    place_extents(next_, next_ + count, run.address(), fresh);
  next_ += count;
}

void Placement::place_extents(uint64_t page, uint64_t end, uint64_t address, bool fresh) {
  while (page < end) {
    const Content content = content_of(page, end);
    const Extent& extent = *content.extent;
    if (extent.kind == ExtentKind::kRaw)
      read_(address, content.pages * kPageSize, extent.offset + (content.page - extent.first) * kPageSize);
    else if (!fresh || extent.kind != ExtentKind::kZero)
      fills_.push_back({object_, page, content.pages, address, fresh});
    page += content.pages;
    address += content.pages * kPageSize;
  }
}

Placement::Content Placement::content_of(uint64_t page, uint64_t end) const {
  const Extent& extent = table_->at(object_, page);
  const uint64_t pages = std::min(end, extent.end()) - page;
  if (extent.kind != ExtentKind::kSame) return {&extent, page, pages};
  const uint64_t source = extent.source_page + (page - extent.first);
  const Extent& there = table_->at(extent.source_id, source);
  return {&there, source, std::min(pages, there.end() - source)};
}

}  // namespace cr::kinds
