// ioctl(PAGEMAP_SCAN) on /proc/PID/pagemap. linux/fs.h of v6.7; the headers of older distributions do not
// know it yet.
#pragma once

#include <sys/ioctl.h>

#include <cstdint>

namespace cr::kinds {

struct PageRegion {
  uint64_t start, end, categories;
};
struct ScanArgument {
  uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
constexpr unsigned long kPagemapScan = _IOWR('f', 16, ScanArgument);
constexpr uint64_t kPageIsFile = 1 << 2, kPageIsPresent = 1 << 3, kPageIsSwapped = 1 << 4,
                   kPageIsPfnZero = 1 << 5, kPageIsGuard = 1 << 8;  // the last since v6.15

}  // namespace cr::kinds
