// /proc/PID/cgroup: where a task sits in each hierarchy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cr/base/result.h"

namespace cr::proc {

struct CgroupEntry {
  uint32_t hierarchy = 0;                // 0: the unified one (cgroup v2)
  std::vector<std::string> controllers;  // v1 only; a named hierarchy shows as "name=systemd"
  std::string path;      // from the root of the reader's cgroup namespace; may start with "/.."
  bool deleted = false;  // v2: the group was removed under a zombie

  bool unified() const { return hierarchy == 0; }
};

Result<std::vector<CgroupEntry>> parse_cgroup(std::string_view text);

}  // namespace cr::proc
