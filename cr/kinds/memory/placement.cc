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
    const Extent& extent = table_->at(object_, page);
    const uint64_t count = std::min(end, extent.end()) - page;
    const bool nothing_to_do = fresh && extent.kind == ExtentKind::kZero;
    if (!nothing_to_do && !read_directly(extent, page, count, address))
      fills_.push_back({object_, page, count, address, fresh});
    page += count;
    address += count * kPageSize;
  }
}

bool Placement::read_directly(const Extent& extent, uint64_t page, uint64_t count, uint64_t address) {
  if (extent.kind == ExtentKind::kRaw) {
    read_(address, count * kPageSize, extent.offset + (page - extent.first) * kPageSize);
    return true;
  }
  if (extent.kind != ExtentKind::kSame) return false;
  const uint64_t source = extent.source_page + (page - extent.first);
  const Extent& there = table_->at(extent.source_id, source);
  if (there.kind != ExtentKind::kRaw || source + count > there.end()) return false;
  return read_directly(there, source, count, address);
}

}  // namespace cr::kinds
