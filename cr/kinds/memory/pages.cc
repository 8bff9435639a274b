#include "cr/kinds/memory/pages.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "cr/base/numbers.h"
#include "cr/image/limits.h"
#include "cr/kinds/memory/inheritance.h"
#include "cr/kinds/memory/pagemap_scan.h"
#include "cr/kinds/memory/relatives.h"
#include "cr/proc/pagemap.h"
#include "cr/sys/process.h"

namespace cr::kinds {
namespace {

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

Result<std::vector<PageRange>> PageFinder::private_pages(PageRange range, const KeepGoing& keep_going) {
  return can_scan_ ? scan(range, keep_going) : read(range, keep_going);
}

Result<std::vector<PageRange>> PageFinder::scan(PageRange range, const KeepGoing& keep_going) {
  std::vector<PageRange> found;
  std::array<PageRegion, 512> regions;
  uint64_t at = range.start;
  while (at < range.end) {
    if (keep_going) CR_TRY(keep_going());
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
    if (argument.walk_end <= at)
      return fail(ErrorKind::kSystem, "PAGEMAP_SCAN of {:x}-{:x} stands still", at, range.end);
    at = argument.walk_end;
  }
  return found;
}

Result<std::vector<PageRange>> PageFinder::read(PageRange range, const KeepGoing& keep_going) {
  std::vector<PageRange> found;
  std::vector<uint64_t> entries;
  for (uint64_t at = range.start; at < range.end;) {
    if (keep_going) CR_TRY(keep_going());
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

Result<PageCopier> PageCopier::of_process(pid_t pid, uint64_t object, PageStore store) {
  sys::UniqueFd memory = CR_TRY(sys::open(fmt::format("/proc/{}/mem", pid), O_RDONLY));
  PageCopier copier(pid, memory.get(), object, store);
  copier.memory_ = std::move(memory);
  copier.pagemap_ = CR_TRY(sys::open(fmt::format("/proc/{}/pagemap", pid), O_RDONLY));
  return copier;
}

PageCopier PageCopier::of_file(int fd, uint64_t object, PageStore store) {
  return PageCopier(0, fd, object, store);
}

// Whether others may have some of the process's pages, too.
Result<bool> PageCopier::look(uint64_t address, uint64_t pages) {
  std::vector<uint64_t> bits(pages);
  CR_TRY(sys::pread_fully(pagemap_.get(), std::as_writable_bytes(std::span(bits)),
                          address / kPageSize * sizeof(uint64_t)),
         "pagemap of {:x}", address);
  entries_.clear();
  std::ranges::transform(bits, std::back_inserter(entries_), proc::decode_pagemap);
  return std::ranges::any_of(entries_, &proc::PagemapEntry::shared);
}

Result<void> PageCopier::read(uint64_t address, std::span<std::byte> into) {
  if (quickly_) return sys::read_memory(pid_, {address}, into);
  CR_TRY(sys::pread_fully(fd_, into, address), "pages at {:#x}", address);
  return {};
}

Result<void> PageCopier::store(std::span<const std::byte> pages) {
  while (!pages.empty()) {
    const std::span<std::byte> room = CR_TRY(store_.writer.page_room(object_));
    const auto piece = pages.first(std::min(room.size(), pages.size()));
    std::ranges::copy(piece, room.begin());
    CR_TRY(store_.writer.pages_filled(piece.size()));
    pages = pages.subspan(piece.size());
  }
  return {};
}

Result<void> PageCopier::store_what_is_new(uint64_t address, std::span<const std::byte> pages) {
  if (store_.inheritance == nullptr) return store(pages);
  while (!pages.empty()) {
    const auto [count, source] = CR_TRY(store_.inheritance->next(object_, address, pages), "parent image");
    const auto piece = pages.first(count * kPageSize);
    if (source)
      CR_TRY(store_.writer.add_inherited(object_, count, object_, *source));
    else
      CR_TRY(store(piece));
    pages = pages.subspan(piece.size());
    address += piece.size();
  }
  return {};
}

Result<void> PageCopier::store_once(uint64_t address, std::span<const std::byte> pages) {
  std::span<const proc::PagemapEntry> entries(entries_);
  uint64_t page = page_;
  while (!pages.empty()) {
    const auto [count, source] =
        CR_TRY(store_.relatives->next({pid_, address, object_, page}, entries, pages), "relatives");
    const auto piece = pages.first(count * kPageSize);
    if (source)
      CR_TRY(store_.writer.add_same(object_, count, source->object, source->page));
    else
      CR_TRY(store_what_is_new(address, piece));
    pages = pages.subspan(piece.size());
    entries = entries.subspan(count);
    address += piece.size();
    page += count;
  }
  return {};
}

// Into the image as they are read.
Result<void> PageCopier::store_directly(uint64_t address, uint64_t bytes) {
  while (bytes > 0) {
    const std::span<std::byte> room = CR_TRY(store_.writer.page_room(object_));
    const std::span<std::byte> piece = room.first(std::min<uint64_t>(room.size(), bytes));
    CR_TRY(read(address, piece));
    CR_TRY(store_.writer.pages_filled(piece.size()));
    address += piece.size();
    bytes -= piece.size();
  }
  return {};
}

Result<void> PageCopier::copy(PageRange range, bool readable) {
  constexpr uint64_t kAtOnce = image::kMaxExtentPages * kPageSize;
  for (uint64_t at = range.start; at < range.end;) {
    const uint64_t bytes = std::min(kAtOnce, range.end - at);
    const bool shared = pid_ != 0 && CR_TRY(look(at, bytes / kPageSize));
    quickly_ = pid_ != 0 && readable && !shared;
    const bool once = shared && store_.relatives != nullptr;
    if (once || store_.inheritance != nullptr) {
      buffer_.resize(bytes);
      CR_TRY(read(at, buffer_));
      CR_TRY(once ? store_once(at, buffer_) : store_what_is_new(at, buffer_));
    } else {
      CR_TRY(store_directly(at, bytes));
    }
    at += bytes;
    page_ += bytes / kPageSize;
  }
  return {};
}

}  // namespace cr::kinds
