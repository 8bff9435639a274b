// The front of a core file: ELF header, program headers, notes. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cr/base/remote_addr.h"
#include "cr/base/result.h"
#include "cr/core/segments.h"

namespace cr::core {

struct Layout {
  std::string front;              // all bytes before the first segment's contents
  std::vector<uint64_t> offsets;  // of each segment's contents in the file; page aligned
  uint64_t size = 0;              // of the whole file
};

// Refused (Unsupported) if a 32-bit file would need offsets beyond 4 GiB. `pid` is for that message.
Result<Layout> lay_out(WordSize word_size, std::string_view notes, std::span<const Segment> segments,
                       int pid);

}  // namespace cr::core
