#include "cr/kinds/memory/pages.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "cr/base/numbers.h"
#include "cr/proc/pagemap.h"
#include "cr/sys/process.h"

namespace cr::kinds {
namespace {

// linux/fs.h of v6.7; the headers of older distributions do not know them yet.
struct PageRegion {
  uint64_t start, end, categories;
};
struct ScanArgument {
  uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
constexpr unsigned long kPagemapScan = _IOWR('f', 16, ScanArgument);
constexpr uint64_t kPageIsFile = 1 << 2, kPageIsPresent = 1 << 3, kPageIsSwapped = 1 << 4,
                   kPageIsPfnZero = 1 << 5;

// Read in pieces that stay in the second-level cache.
constexpr size_t kCopyBytes = 1 << 20;

void append(std::vector<PageRange>& ranges, PageRange range) {
  if (!ranges.empty() && ranges.back().end == range.start)
    ranges.back().end = range.end;
  else
    ranges.push_back(range);
}

}  // namespace

Result<PageFinder> PageFinder::open(pid_t pid) {
  sys::UniqueFd pagemap = CR_TRY(sys::open(fmt::format("/proc/{}/pagemap", pid), O_RDONLY));
  ScanArgument nothing{};
  nothing.size = sizeof(nothing);
  const bool can_scan = ::ioctl(pagemap.get(), kPagemapScan, &nothing) >= 0;
  return PageFinder(std::move(pagemap), can_scan);
}

Result<std::vector<PageRange>> PageFinder::private_pages(PageRange range) {
  return can_scan_ ? scan(range) : read(range);
}

Result<std::vector<PageRange>> PageFinder::scan(PageRange range) {
  std::vector<PageRange> found;
  std::array<PageRegion, 512> regions;
  uint64_t at = range.start;
  while (at < range.end) {
    ScanArgument argument{};
    argument.size = sizeof(argument);
    argument.start = at;
    argument.end = range.end;
    argument.vec = reinterpret_cast<uint64_t>(regions.data());
    argument.vec_len = regions.size();
    // Not of a file, not the zero page, and present or swapped out.
    argument.category_inverted = kPageIsFile | kPageIsPfnZero;
    argument.category_mask = kPageIsFile | kPageIsPfnZero;
    argument.category_anyof_mask = kPageIsPresent | kPageIsSwapped;
    argument.return_mask = kPageIsPresent | kPageIsSwapped;
    const int count = ::ioctl(pagemap_.get(), kPagemapScan, &argument);
    if (count < 0) return fail_errno("PAGEMAP_SCAN of {:x}-{:x}", at, range.end);
    for (int i = 0; i < count; ++i)
      append(found, {regions[static_cast<size_t>(i)].start, regions[static_cast<size_t>(i)].end});
    if (argument.walk_end <= at) break;
    at = argument.walk_end;
  }
  return found;
}

Result<std::vector<PageRange>> PageFinder::read(PageRange range) {
  std::vector<PageRange> found;
  std::vector<uint64_t> entries;
  for (uint64_t at = range.start; at < range.end;) {
    const uint64_t pages = std::min<uint64_t>((range.end - at) / kPageSize, 1 << 16);
    entries.resize(pages);
    CR_TRY(sys::pread_fully(pagemap_.get(), std::as_writable_bytes(std::span(entries)),
                            at / kPageSize * sizeof(uint64_t)),
           "pagemap of {:x}", at);
    for (const uint64_t entry : entries) {
      const proc::PagemapEntry page = proc::decode_pagemap(entry);
      if ((page.present || page.swapped) && !page.file_or_shared && !page.guard)
        append(found, {at, at + kPageSize});
      at += kPageSize;
    }
  }
  return found;
}

PageCopier::PageCopier(pid_t pid, sys::UniqueFd memory, image::Writer& writer)
    : pid_(pid), memory_(std::move(memory)), writer_(writer), buffer_(kCopyBytes) {}

Result<PageCopier> PageCopier::create(pid_t pid, image::Writer& writer) {
  sys::UniqueFd memory = CR_TRY(sys::open(fmt::format("/proc/{}/mem", pid), O_RDONLY));
  return PageCopier(pid, std::move(memory), writer);
}

Result<uint64_t> PageCopier::copy(PageRange range, bool readable) {
  std::optional<uint64_t> first;
  for (uint64_t at = range.start; at < range.end;) {
    const std::span<std::byte> piece(buffer_.data(), std::min<uint64_t>(buffer_.size(), range.end - at));
    if (readable)
      CR_TRY(sys::read_memory(pid_, {at}, piece));
    else
      CR_TRY(sys::pread_fully(memory_.get(), piece, at), "memory at {:#x}", at);
    const iovec vector{piece.data(), piece.size()};
    const uint64_t offset = CR_TRY(writer_.append_pages({&vector, 1}));
    if (!first) first = offset;
    at += piece.size();
  }
  return first.value_or(0);
}

Result<uint64_t> PageCopier::copy_file(int fd, uint64_t offset, uint64_t length) {
  std::optional<uint64_t> first;
  while (length != 0) {
    const std::span<std::byte> piece(buffer_.data(), std::min<uint64_t>(buffer_.size(), length));
    CR_TRY(sys::pread_fully(fd, piece, offset), "shared memory");
    const iovec vector{piece.data(), piece.size()};
    const uint64_t at = CR_TRY(writer_.append_pages({&vector, 1}));
    if (!first) first = at;
    offset += piece.size();
    length -= piece.size();
  }
  return first.value_or(0);
}

}  // namespace cr::kinds
