// One entry of /proc/PID/pagemap: 64 bits per page.
#pragma once

#include <cstdint>

namespace cr::proc {

struct PagemapEntry {
  bool present = false;
  bool swapped = false;
  bool file_or_shared = false;  // of a file or of shared memory; a private copy is neither
  bool exclusive = false;       // mapped exactly once
  bool soft_dirty = false;
  bool uffd_wp = false;  // since Linux 5.13
  bool guard = false;    // MADV_GUARD_INSTALL; since Linux 6.15
  uint64_t pfn = 0;      // 0 without CAP_SYS_ADMIN; only of a present page
  uint64_t swap = 0;     // type and offset of a swapped page, opaque; what a migration entry shows too

  // The page has contents of its own: it is not just a promise of zeros or of the file.
  constexpr bool populated() const { return present || swapped; }
  // Somebody else may have it, too: another task since a fork, or a file's other readers. Of what is swapped
  // out the kernel does not tell.
  constexpr bool shared() const { return populated() && !exclusive; }
};

constexpr PagemapEntry decode_pagemap(uint64_t bits) {
  constexpr uint64_t kFrameMask = (uint64_t{1} << 55) - 1;
  const auto bit = [bits](int n) { return (bits >> n & 1) != 0; };
  PagemapEntry entry;
  entry.present = bit(63);
  entry.swapped = bit(62);
  entry.file_or_shared = bit(61);
  entry.guard = bit(58);
  entry.uffd_wp = bit(57);
  entry.exclusive = bit(56);
  entry.soft_dirty = bit(55);
  if (entry.present) {
    entry.pfn = bits & kFrameMask;
  } else if (entry.swapped) {
    entry.swap = bits & kFrameMask;
  }
  return entry;
}

}  // namespace cr::proc
