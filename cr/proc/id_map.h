// /proc/PID/uid_map and gid_map: how a user namespace numbers the ids of its parent.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "cr/base/result.h"

namespace cr::proc {

struct IdRange {
  uint32_t inside = 0;
  uint32_t outside = 0;
  uint32_t count = 0;
  friend bool operator==(const IdRange&, const IdRange&) = default;
};

// Empty while nobody has written the map.
Result<std::vector<IdRange>> parse_id_map(std::string_view text);

}  // namespace cr::proc
