#include "cr/kinds/memory/guards.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cr/base/numbers.h"
#include "cr/kinds/memory/pagemap_scan.h"

namespace cr::kinds {
namespace {

// Asked by making one. Whether page tables have to be asked: not where there is none to be told of (before
// Linux 6.13), where smaps tells, or where page tables do not (before 6.15).
Result<bool> has_to_scan() {
  constexpr int kMadvGuardInstall = 102;  // newer than libc 2.36
  void* const page = ::mmap(nullptr, kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return fail_errno("mmap");
  const bool made = ::madvise(page, kPageSize, kMadvGuardInstall) == 0;
  const auto text = sys::read_file("/proc/self/smaps");
  const auto scanned = GuardFinder::first_in(
      ::getpid(), {reinterpret_cast<uint64_t>(page), reinterpret_cast<uint64_t>(page) + kPageSize});
  ::munmap(page, kPageSize);
  if (!made || !CR_TRY(scanned)) return false;
  const auto address = reinterpret_cast<uint64_t>(page);
  const auto own = CR_TRY(proc::parse_smaps(CR_TRY(text)), "/proc/self/smaps");
  for (const proc::SmapsVma& smaps : own)
    if (smaps.vma.start <= address && address < smaps.vma.end) return !smaps.flags.has(proc::VmFlag::kGu);
  return true;
}

}  // namespace

Result<std::optional<PageRange>> GuardFinder::first_in(pid_t pid, PageRange range) {
  const sys::UniqueFd pagemap = CR_TRY(sys::open(fmt::format("/proc/{}/pagemap", pid), O_RDONLY));
  PageRegion region{};
  ScanArgument argument{};
  argument.size = sizeof(argument);
  argument.start = range.start;
  argument.end = range.end;
  argument.vec = reinterpret_cast<uint64_t>(&region);
  argument.vec_len = 1;
  argument.category_mask = argument.return_mask = kPageIsGuard;
  const int count = ::ioctl(pagemap.get(), kPagemapScan, &argument);
  if (count < 0 && (errno == EINVAL || errno == ENOTTY)) return std::nullopt;
  if (count < 0) return fail_errno("PAGEMAP_SCAN of {:x}-{:x}", range.start, range.end);
  if (count == 0) return std::nullopt;
  return PageRange{region.start, region.end};
}

Result<void> GuardFinder::look(const ProcessView& process, Collector& collector) {
  if (!scans_) scans_ = CR_TRY(has_to_scan());
  if (!*scans_) return {};
  if (const auto guard = CR_TRY(first_in(process.living_tid(), {0, kUserEnd64})))
    collector.refuse(process.pid(), "guard-region", fmt::format("{:x}-{:x}", guard->start, guard->end),
                     "are guard pages (MADV_GUARD_INSTALL)");
  return {};
}

}  // namespace cr::kinds
