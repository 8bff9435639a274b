// Brings a tree back to life: compile the image, build every task by its plan, let all go on at once.
#pragma once

#include "cr/base/result.h"
#include "cr/engine/options.h"

namespace cr::engine {

struct RestoreOptions {
  std::string path;
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
