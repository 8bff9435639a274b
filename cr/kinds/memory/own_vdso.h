// The vdso that this kernel gives to a task, known before there is one.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "cr/base/remote_addr.h"
#include "cr/base/result.h"
#include "cr/proc/smaps.h"

namespace cr::kinds {

// [vdso], the code, or one of its data pages, which the kernel maps with it.
inline bool is_vdso(const proc::Vma& vma) { return vma.path == "[vdso]" || vma.path.starts_with("[vvar"); }

struct OwnVdso {
  std::vector<proc::SmapsVma> parts;  // code and data, ascending
  std::vector<std::byte> code;        // what [vdso] holds
};

// Nothing where that cannot be told: the kernel gives none, or lets nobody exchange it.
Result<std::optional<OwnVdso>> own_vdso(WordSize word_size);

}  // namespace cr::kinds
