#include "cr/kinds/memory/nameless_flag.h"

#include <sys/mman.h>

#include <algorithm>

#include "cr/base/numbers.h"
#include "cr/sys/fd.h"

namespace cr::kinds {
namespace {

using proc::VmFlag;

// What this kernel says of a page that is locked on fault.
std::vector<std::string> look_at_own_page() {
  void* const page = ::mmap(nullptr, kPageSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return {};
  std::vector<std::string> nameless;
  if (::mlock2(page, kPageSize, MLOCK_ONFAULT) == 0) {
    const auto text = sys::read_file("/proc/self/smaps");
    const auto vmas = text ? proc::parse_smaps(*text) : Result<std::vector<proc::SmapsVma>>{};
    const auto at = reinterpret_cast<uint64_t>(page);
    if (vmas)
      for (const proc::SmapsVma& smaps : *vmas)
        if (smaps.vma.start <= at && at < smaps.vma.end && smaps.flags.has(VmFlag::kLo))
          nameless = smaps.unknown_flags;
  }
  ::munmap(page, kPageSize);
  return nameless;
}

}  // namespace

bool is_nameless_lock_on_fault(const proc::SmapsVma& smaps) {
  if (smaps.unknown_flags.empty() || !smaps.flags.has(VmFlag::kLo)) return false;
  static const std::vector<std::string> known = look_at_own_page();  // the kernel stays the same
  return smaps.unknown_flags == known;
}

}  // namespace cr::kinds
