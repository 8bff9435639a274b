// A task's vdso: what of it is kept, and whether a restore can give it back.
#pragma once

#include <map>
#include <optional>

#include "cr/kinds/collector.h"
#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/memory/own_vdso.h"
#include "cr/kinds/tree_view.h"

namespace cr::kinds {

class VdsoKeeper {
 public:
  // Files the code and says so in `space`. A restore has it mapped by the kernel, all of it and as it comes,
  // so a vdso that is anything else is refused.
  Result<void> keep(const ProcessView& process, AddressSpace& space, Collector& collector);

 private:
  std::map<WordSize, std::optional<OwnVdso>> own_;
};

}  // namespace cr::kinds
