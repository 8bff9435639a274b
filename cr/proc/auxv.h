// /proc/PID/auxv: what the kernel told the program at exec; binary, in the word size of the task.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "cr/base/remote_addr.h"
#include "cr/base/result.h"

namespace cr::proc {

struct AuxEntry {
  uint64_t type = 0;  // AT_*
  uint64_t value = 0;
  friend bool operator==(const AuxEntry&, const AuxEntry&) = default;
};

// Up to and without AT_NULL. Empty bytes (a kernel thread, a zombie) are an empty vector.
Result<std::vector<AuxEntry>> parse_auxv(std::string_view bytes, WordSize word_size);

std::optional<uint64_t> find_aux(const std::vector<AuxEntry>& auxv, uint64_t type);

}  // namespace cr::proc
