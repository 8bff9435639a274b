// The vdso that this kernel gives to a task, known before there is one.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "cr/base/remote_addr.h"
#include "cr/base/result.h"

namespace cr::engine {

// Its code, [vdso] in maps. Nothing where that cannot be told: the kernel gives none, or lets nobody exchange
// it.
Result<std::optional<std::vector<std::byte>>> own_vdso(WordSize word_size);

}  // namespace cr::engine
