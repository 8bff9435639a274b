// Which pages of a frozen process hold something of its own, and how they are copied.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "cr/kinds/page_store.h"
#include "cr/proc/pagemap.h"
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
  Result<std::vector<PageRange>> private_pages(PageRange range, const KeepGoing& keep_going = {});

 private:
  PageFinder(sys::UniqueFd pagemap, bool can_scan) : pagemap_(std::move(pagemap)), can_scan_(can_scan) {}
  Result<std::vector<PageRange>> scan(PageRange range, const KeepGoing& keep_going);
  Result<std::vector<PageRange>> read(PageRange range, const KeepGoing& keep_going);

  sys::UniqueFd pagemap_;
  bool can_scan_;
};

// Copies pages of a frozen process, or of a file, to the end of an object of an image. The process stays as
// it is, and so does what it shares since a fork: for process_vm_readv(2) the kernel would give it a copy of
// its own of each such page (gup_must_unshare(), kernel commit a7f226604170 ("mm/gup: trigger
// FAULT_FLAG_UNSHARE when R/O-pinning a possibly shared anonymous page") (v5.19)), for /proc/PID/mem it does
// not.
class PageCopier {
 public:
  static Result<PageCopier> of_process(pid_t pid, uint64_t object, PageStore store);
  // `fd` is borrowed.
  static PageCopier of_file(int fd, uint64_t object, PageStore store);

  // `readable`: the mapping lets its owner read; ignored for a file.
  Result<void> copy(PageRange range, bool readable);

 private:
  PageCopier(pid_t pid, int fd, uint64_t object, PageStore store)
      : pid_(pid), fd_(fd), object_(object), store_(store) {}
  Result<bool> look(uint64_t address, uint64_t pages);
  Result<void> read(uint64_t address, std::span<std::byte> into);
  Result<void> store_directly(uint64_t address, uint64_t bytes);
  Result<void> store_once(uint64_t address, std::span<const std::byte> pages);
  Result<void> store_what_is_new(uint64_t address, std::span<const std::byte> pages);
  Result<void> store(std::span<const std::byte> pages);

  pid_t pid_;              // 0: pages of a file
  sys::UniqueFd memory_;   // /proc/PID/mem: reads what the owner may not, and leaves shared what is
  sys::UniqueFd pagemap_;  // of the process
  int fd_;
  bool quickly_ = false;  // process_vm_readv() reads the pages looked at, and does no harm
  uint64_t object_;
  uint64_t page_ = 0;  // of the object: the next
  PageStore store_;
  std::vector<proc::PagemapEntry> entries_;  // of the pages looked at
  std::vector<std::byte> buffer_;            // for what has to be compared first
};

}  // namespace cr::kinds
