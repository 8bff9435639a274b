#include "cr/kinds/memory/relatives.h"

#include <fcntl.h>

#include <cstring>

#include "cr/base/numbers.h"
#include "cr/base/zeros.h"

namespace cr::kinds {

// Without CAP_SYS_ADMIN no frame is told: then nothing is known to be in common.
const Relatives::Stretch* Relatives::known(const proc::PagemapEntry& entry) const {
  if (!entry.shared() || entry.pfn == 0) return nullptr;
  const auto found = stored_.find(entry.pfn);
  return found == stored_.end() ? nullptr : &found->second;
}

// Read like that because it leaves shared what is (see PageCopier).
Result<bool> Relatives::is_the_same(const Stretch& stored, std::span<const std::byte> pages) {
  if (open_pid_ != stored.pid) memory_ = CR_TRY(sys::open(fmt::format("/proc/{}/mem", stored.pid), O_RDONLY));
  open_pid_ = stored.pid;
  buffer_.resize(pages.size());
  CR_TRY(sys::pread_fully(memory_.get(), buffer_, stored.address), "pid {} at {:#x}", stored.pid,
         stored.address);
  return std::memcmp(buffer_.data(), pages.data(), pages.size()) == 0;
}

Result<Relatives::Piece> Relatives::next(const Stretch& stretch, std::span<const proc::PagemapEntry> entries,
                                         std::span<const std::byte> pages) {
  CR_CHECK(!entries.empty() && pages.size() == entries.size() * kPageSize);
  Piece piece;
  if (const Stretch* const first = known(entries[0])) {
    const auto follows = [&](const Stretch& other, uint64_t by) {
      return other.pid == first->pid && other.address == first->address + by * kPageSize &&
             other.object == first->object && other.page == first->page + by;
    };
    for (piece.pages = 1; piece.pages < entries.size(); ++piece.pages) {
      const Stretch* const other = known(entries[piece.pages]);
      if (other == nullptr || !follows(*other, piece.pages)) break;
    }
    if (CR_TRY(is_the_same(*first, pages.first(piece.pages * kPageSize)))) piece.source = *first;
    return piece;
  }
  for (; piece.pages < entries.size() && known(entries[piece.pages]) == nullptr; ++piece.pages) {
    const proc::PagemapEntry& entry = entries[piece.pages];
    const auto page = pages.subspan(piece.pages * kPageSize, kPageSize);
    // Zeros are nothing to refer to, and the kernel has one frame of them for all.
    if (entry.shared() && entry.pfn != 0 && stored_.size() < kMostFrames && !is_zero(page))
      stored_.emplace(entry.pfn, Stretch{stretch.pid, stretch.address + piece.pages * kPageSize,
                                         stretch.object, stretch.page + piece.pages});
  }
  return piece;
}

}  // namespace cr::kinds
