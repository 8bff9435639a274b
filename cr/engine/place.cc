#include "cr/engine/place.h"

#include "cr/base/numbers.h"
#include "cr/kinds/limits.h"
#include "cr/kinds/memory/memory.pb.h"

namespace cr::engine {
namespace {

constexpr uint64_t kLowest = 0x100000;  // above mmap_min_addr and what DOS emulators map
// A stack may be mapped only so far from what lies below it (stack_guard_gap, 256 pages).
constexpr uint64_t kMargin = 257 * kPageSize;

}  // namespace

uint64_t user_end(const kinds::Task& task) { return kinds::user_end(task.word_size()); }

Result<uint64_t> find_place(const kinds::Records& records, const kinds::Task& task, uint64_t size) {
  const auto* space =
      records.find<kinds::AddressSpace>(kinds::kAddressSpaceRecord, static_cast<uint64_t>(task.pid()));
  uint64_t start = kLowest;
  for (const kinds::Vma& vma : space->vmas()) {
    if (vma.start() >= start && vma.start() - start >= size + kMargin) return start;
    start = std::max(start, vma.end() + kPageSize);
  }
  if (user_end(task) > start && user_end(task) - start >= size + kMargin) return start;
  return fail(ErrorKind::kUnsupported, "no {} bytes are free in its address space to build it from", size);
}

}  // namespace cr::engine
