#include "cr/engine/validate.h"

#include <algorithm>

#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/shape.h"

namespace cr::engine {
namespace {

bool mapped(const kinds::AddressSpace& space, uint64_t address, uint64_t length) {
  const auto& vmas = space.vmas();
  auto vma = std::upper_bound(vmas.begin(), vmas.end(), address,
                              [](uint64_t at, const kinds::Vma& other) { return at < other.end(); });
  for (; vma != vmas.end() && vma->start() <= address; ++vma) {
    const uint64_t here = vma->end() - address;
    if (length <= here) return true;
    address += here;
    length -= here;
  }
  return false;
}

// In a mapping of the task's own it cannot be where the engine's memory stands.
Result<void> validate_writes(const kinds::Records& records) {
  for (const auto& kind : kinds::all_kinds())
    for (const kinds::KernelWrite& write : kind->kernel_writes(records)) {
      const auto& space =
          *records.find<kinds::AddressSpace>(kinds::kAddressSpaceRecord, static_cast<uint64_t>(write.pid));
      if (write.length != 0 && !mapped(space, write.address, write.length))
        return kinds::invalid("task {}: {} of {} bytes at {:#x}, where nothing is mapped", write.pid,
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
