#include "cr/engine/validate.h"

#include <sys/mman.h>

#include <algorithm>
#include <optional>

#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/shape.h"

namespace cr::engine {
namespace {

// The protection that a stretch of memory has everywhere; nothing if it is not mapped everywhere.
std::optional<uint32_t> protection_of(const kinds::AddressSpace& space, uint64_t address, uint64_t length) {
  uint32_t protection = PROT_READ | PROT_WRITE | PROT_EXEC;
  const auto& vmas = space.vmas();
  auto vma = std::upper_bound(vmas.begin(), vmas.end(), address,
                              [](uint64_t at, const kinds::Vma& other) { return at < other.end(); });
  for (; vma != vmas.end() && vma->start() <= address; ++vma) {
    protection &= vma->protection();
    const uint64_t here = vma->end() - address;
    if (length <= here) return protection;
    address += here;
    length -= here;
  }
  return std::nullopt;
}

// In a mapping of the task's own it cannot be where the engine's memory stands.
Result<void> validate_writes(const kinds::Records& records) {
  for (const auto& kind : kinds::all_kinds())
    for (const kinds::KernelWrite& write : kind->kernel_writes(records)) {
      const auto& space =
          *records.find<kinds::AddressSpace>(kinds::kAddressSpaceRecord, static_cast<uint64_t>(write.pid));
      if (write.length == 0) continue;
      const auto protection = protection_of(space, write.address, write.length);
      if (!protection)
        return kinds::invalid("task {}: {} of {} bytes at {:#x}, where nothing is mapped", write.pid,
                              write.what, write.length, write.address);
      if (write.must_succeed && (*protection & PROT_WRITE) == 0)
        return kinds::invalid("task {}: {} of {} bytes at {:#x}, where nothing can be written", write.pid,
                              write.what, write.length, write.address);
    }
  return {};
}

}  // namespace

Result<void> validate(const kinds::Records& records) {
  for (const auto& kind : kinds::all_kinds()) CR_TRY(kind->validate(records));
  return validate_writes(records);
}

}  // namespace cr::engine
