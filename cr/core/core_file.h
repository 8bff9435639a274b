// Core files out of an image: one per process, each complete under its name or not there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cr/engine/load.h"

namespace cr::core {

struct CoreReport {
  pid_t pid = 0;
  std::string path;
  int word_size = 0;
  size_t threads = 0;
  size_t segments = 0;
  uint64_t bytes = 0;  // of the file; it has holes
  bool vdso = false;   // its code is in the file (or the process has none)
};

// core.PID in `directory`, which must exist, for `pid` or for every living process. A file of that name is
// replaced once the new one is complete. After an error the files already reported stay; the one that failed
// leaves nothing. The operation is told of each.
Result<std::vector<CoreReport>> write_cores(const engine::Loaded& image, const std::string& directory,
                                            std::optional<pid_t> pid,
                                            const engine::Operation& operation = {});

}  // namespace cr::core
