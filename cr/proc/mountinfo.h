// /proc/PID/mountinfo: the mounts a task can see.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cr/base/result.h"

namespace cr::proc {

struct Mount {
  uint32_t id = 0;
  uint32_t parent = 0;
  uint32_t dev_major = 0;
  uint32_t dev_minor = 0;
  std::string root;     // what of the filesystem is mounted; of nsfs a name like "net:[4026531840]"
  std::string point;    // relative to the root of the task whose file was read
  std::string options;  // of this mount: "rw,nosuid"
  std::vector<std::string> fields;  // optional: "shared:7", "master:2", "propagate_from:1", "unbindable"
  std::string fs_type;              // with the subtype: "fuse.sshfs"
  std::string source;
  std::string super_options;  // of the filesystem

  // The peer group of a shared mount, or the one a slave receives from.
  std::optional<uint32_t> shared() const { return field_number("shared:"); }
  std::optional<uint32_t> master() const { return field_number("master:"); }

 private:
  std::optional<uint32_t> field_number(std::string_view prefix) const;
};

Result<std::vector<Mount>> parse_mountinfo(std::string_view text);

}  // namespace cr::proc
