#include "cr/kinds/memory/vdso.h"

#include <algorithm>

#include "cr/image/hash.h"
#include "cr/sys/process.h"

namespace cr::kinds {
namespace {

using Parts = std::vector<proc::SmapsVma>;
using proc::SmapsVma;

Parts parts_of(const ProcessView& process) {
  Parts parts;
  std::ranges::copy_if(process.vmas, std::back_inserter(parts),
                       [](const SmapsVma& smaps) { return is_vdso(smaps.vma); });
  return parts;
}

// The same pieces at the same distances.
bool laid_out_alike(const Parts& here, const Parts& own) {
  return std::ranges::equal(here, own, [&](const SmapsVma& one, const SmapsVma& other) {
    return one.vma.path == other.vma.path && one.vma.size() == other.vma.size() &&
           one.vma.start - here.front().vma.start == other.vma.start - own.front().vma.start;
  });
}

// Two flags tell nothing of what a program may do: who was written to since, and who was writable once.
uint64_t lasting(proc::VmFlags flags) {
  flags.set(proc::VmFlag::kSd);
  flags.set(proc::VmFlag::kAc);
  return flags.bits();
}

bool protected_alike(const Parts& here, const Parts& own) {
  return std::ranges::equal(here, own, [](const SmapsVma& one, const SmapsVma& other) {
    return lasting(one.flags) == lasting(other.flags) && one.unknown_flags == other.unknown_flags &&
           one.protection_key.value_or(0) == other.protection_key.value_or(0);
  });
}

}  // namespace

Result<void> VdsoKeeper::keep(const ProcessView& process, AddressSpace& space, Collector& collector) {
  const Parts here = parts_of(process);
  if (here.empty()) return {};
  const auto refuse = [&](const char* kind, const char* reason) -> Result<void> {
    collector.refuse(process.pid(), kind, "[vdso]", reason);
    return {};
  };
  const auto [own, is_new] = own_.try_emplace(process.word_size);
  if (is_new) own->second = CR_TRY(own_vdso(process.word_size));
  if (!own->second) return refuse("changed-vdso", "cannot be compared with one that this kernel gives");
  if (!laid_out_alike(here, own->second->parts))
    return refuse("torn-vdso", "is not in one piece with its data pages [vvar], as the kernel maps it");
  if (!protected_alike(here, own->second->parts))
    return refuse("changed-vdso", "has another protection or advice than the kernel gives it");
  const auto code =
      std::ranges::find_if(here, [](const SmapsVma& part) { return part.vma.path == "[vdso]"; });
  std::vector<std::byte> bytes(code->vma.size());
  CR_TRY(sys::read_memory(process.living_tid(), {code->vma.start}, bytes));
  if (bytes != own->second->code) return refuse("changed-vdso", "holds other code than the kernel's");
  const uint64_t hash = image::hash_of(bytes);
  if (collector.records.find<Vdso>(kVdsoRecord, hash) == nullptr)
    collector.records.add<Vdso>(kVdsoRecord, hash).set_code(bytes.data(), bytes.size());
  space.set_vdso_hash(hash);
  return {};
}

}  // namespace cr::kinds
