// What a task gets where the kernel has another vdso than the one it was checkpointed with
// (memory/exchange_vdso.h).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cr/kinds/plan.h"

namespace cr::kinds {

// Addresses are the task's.
struct VdsoExchange {
  uint64_t start = 0, end = 0;  // where this kernel's goes, its data pages with it
  uint64_t hash = 0;            // of its code
  std::string code;             // instead of the old one's, of the same size
  // Where the old code holds no function's start: no thread may be there or come back.
  std::vector<AddressRange> inside;
};
using VdsoExchanges = std::map<pid_t, VdsoExchange>;  // without the tasks that need none

}  // namespace cr::kinds
