// Which pages of a frozen process hold something of its own, and how they are copied.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "cr/image/writer.h"
#include "cr/sys/fd.h"

namespace cr::kinds {

struct PageRange {
  uint64_t start = 0;
  uint64_t end = 0;
};

// Finds the private pages of address ranges: present or swapped, neither of a file nor the zero page. Uses
// ioctl(PAGEMAP_SCAN) where there is one (Linux commit 52526ca7fdb9 ("fs/proc/task_mmu: implement IOCTL to
// get and optionally clear info about PTEs") (v6.7)), reading /proc/PID/pagemap otherwise.
class PageFinder {
 public:
  static Result<PageFinder> open(pid_t pid);
  // Ascending.
  Result<std::vector<PageRange>> private_pages(PageRange range);

 private:
  PageFinder(sys::UniqueFd pagemap, bool can_scan) : pagemap_(std::move(pagemap)), can_scan_(can_scan) {}
  Result<std::vector<PageRange>> scan(PageRange range);
  Result<std::vector<PageRange>> read(PageRange range);

  sys::UniqueFd pagemap_;
  bool can_scan_;
};

// Copies pages of a frozen process into the open page section of an image.
class PageCopier {
 public:
  static Result<PageCopier> create(pid_t pid, image::Writer& writer);
  // Returns the offset within the page section. `readable`: the mapping lets its owner read.
  Result<uint64_t> copy(PageRange range, bool readable);
  // The same from an offset of a file (a shared memory object).
  Result<uint64_t> copy_file(int fd, uint64_t offset, uint64_t length);

 private:
  PageCopier(pid_t pid, sys::UniqueFd memory, image::Writer& writer);

  pid_t pid_;
  sys::UniqueFd memory_;  // /proc/PID/mem: reads what the owner may not
  image::Writer& writer_;
  std::vector<std::byte> buffer_;
};

}  // namespace cr::kinds
