// /proc/PID/smaps: maps plus, per VMA, what is resident and which VM_ flags are set.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cr/base/result.h"
#include "cr/proc/maps.h"

namespace cr::proc {

// Named by the two letters of the VmFlags line; the order is ours and not the kernel's bit order.
enum class VmFlag : uint8_t {
  kRd,  // readable
  kWr,  // writable
  kEx,  // executable
  kSh,  // shared
  kMr,  // may become readable
  kMw,  // may become writable
  kMe,  // may become executable
  kMs,  // may become shared
  kGd,  // grows down (stack)
  kPf,  // page frames without struct page
  kDw,  // writes to the mapped file denied (before Linux 6.2)
  kLo,  // locked
  kIo,  // memory of a device
  kSr,  // MADV_SEQUENTIAL
  kRr,  // MADV_RANDOM
  kDc,  // MADV_DONTFORK
  kDe,  // mremap may not grow it
  kAc,  // accounted
  kNr,  // MAP_NORESERVE
  kHt,  // huge TLB
  kSf,  // MAP_SYNC
  kAr,  // architecture's own bit
  kWf,  // MADV_WIPEONFORK
  kDd,  // MADV_DONTDUMP
  kSd,  // soft-dirty
  kMm,  // mixed map
  kHg,  // MADV_HUGEPAGE
  kNh,  // MADV_NOHUGEPAGE
  kMg,  // MADV_MERGEABLE
  kBt,  // arm64: branch target identification
  kMt,  // arm64: memory tagging
  kUm,  // userfaultfd: missing
  kUw,  // userfaultfd: write protection
  kUi,  // userfaultfd: minor
  kSs,  // shadow stack
  kSl,  // sealed (mseal)
  kLf,  // mlock2(MLOCK_ONFAULT)
  kGu,  // may hold guard pages (MADV_GUARD_INSTALL)
  kDp,  // droppable (MAP_DROPPABLE)
  kCount,
};

// The two letters: "rd".
std::string_view name_of(VmFlag flag);

class VmFlags {
 public:
  constexpr VmFlags() = default;
  constexpr bool has(VmFlag flag) const { return (bits_ & bit(flag)) != 0; }
  constexpr void set(VmFlag flag) { bits_ |= bit(flag); }
  constexpr uint64_t bits() const { return bits_; }
  friend constexpr bool operator==(VmFlags, VmFlags) = default;

 private:
  static constexpr uint64_t bit(VmFlag flag) { return uint64_t{1} << static_cast<unsigned>(flag); }
  uint64_t bits_ = 0;
};
static_assert(static_cast<unsigned>(VmFlag::kCount) <= 64);

struct SmapsVma {
  Vma vma;
  VmFlags flags;
  std::vector<std::string> unknown_flags;  // letters that a newer kernel added: state we cannot judge
  uint64_t rss_kb = 0;
  uint64_t anonymous_kb = 0;
  uint64_t swap_kb = 0;
  uint64_t locked_kb = 0;                  // a share, as Pss: pages that relatives map too count in part
  uint64_t kernel_page_kb = 4;             // above 4: hugetlb
  std::optional<uint32_t> protection_key;  // present where the CPU has protection keys
};

Result<std::vector<SmapsVma>> parse_smaps(std::string_view text);

}  // namespace cr::proc
