// Brings a tree back to life: compile the image, build every task by its plan, let all go on at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cr/base/result.h"
#include "cr/engine/options.h"

namespace cr::engine {

struct RestoreOptions {
  std::string path;              // of the image; with stream_fd its name in messages
  std::optional<int> stream_fd;  // read front to back instead, borrowed
  // Files to look at for what the image inherits pages from, if they are not where it says.
  std::vector<std::string> parents;
  Operation operation;
};

struct RestoreReport {
  pid_t root = 0;
  size_t tasks = 0;
  size_t threads = 0;
};

// The root becomes a child of the calling process. On failure nothing is left running.
Result<RestoreReport> restore(const RestoreOptions& options);

}  // namespace cr::engine
