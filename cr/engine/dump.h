// A checkpoint of the tree below a process: freeze, look, ask, write, commit - and let go.
#pragma once

#include "cr/base/result.h"
#include "cr/engine/options.h"

namespace cr::engine {

struct DumpOptions {
  pid_t root = 0;
  std::string path;
  bool leave_running = false;
  bool executable = false;  // the image's mode lets its owner run it
  Operation operation;
};

struct DumpReport {
  size_t tasks = 0;
  size_t threads = 0;
  uint64_t image_bytes = 0;
  double frozen_ms = 0;
};

// Until the image is committed any failure leaves the tasks running as if nothing had happened.
Result<DumpReport> dump(const DumpOptions& options);

// Everything a dump looks at, and nothing written: the error holds every blocker at once.
Result<DumpReport> check(pid_t root, const Operation& operation);

}  // namespace cr::engine
