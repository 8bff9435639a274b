// A path leads to one file: records that tell of it more than once tell the same.
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>

#include "cr/kinds/records.h"

namespace cr::kinds {

class OnePath {
 public:
  // As a restore compares it with the file it finds.
  struct Facts {
    uint32_t mode = 0;
    uint64_t size = 0;
    int64_t mtime_ns = 0;
  };

  // Only one of two that differ can be what is found; whoever took the other for it would be wrong.
  Result<void> add(const std::string& path, Facts facts) {
    facts.mode &= S_IFMT;
    const Facts& known = known_.emplace(path, facts).first->second;
    if (known.mode == facts.mode && known.size == facts.size && known.mtime_ns == facts.mtime_ns) return {};
    return invalid("{} is another file elsewhere: of {} bytes, mode {:#o}, time {}; here of {}, {:#o}, {}",
                   path, known.size, known.mode, known.mtime_ns, facts.size, facts.mode, facts.mtime_ns);
  }

 private:
  std::map<std::string, Facts> known_;
};

}  // namespace cr::kinds
