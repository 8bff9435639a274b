// A checkpoint of the tree below a process: freeze, look, ask, write, commit - and let go.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cr/base/result.h"
#include "cr/engine/options.h"

namespace cr::engine {

struct DumpOptions {
  pid_t root = 0;
  std::string path;  // of the image; with stream_fd its name in messages
  std::optional<int>
      stream_fd;        // written to instead, borrowed; such an image is complete for who reads its end
  int compression = 0;  // level of zstd for memory, 0: none
  std::string parent;   // an image whose equal pages are inherited; empty: none
  bool leave_running = false;
  bool executable = false;  // the image's mode lets its owner run it
  // Files to look at for what the parent inherits from.
  std::vector<std::string> older;
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

// Everything a dump looks at, and nothing written: the error holds every blocker at once. What only a task
// itself can be asked is missing of those that nothing of ours may run in; that is a blocker, too.
Result<DumpReport> check(pid_t root, const Operation& operation);

}  // namespace cr::engine
