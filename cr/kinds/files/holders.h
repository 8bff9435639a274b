// Who else has a FIFO open: a look through the descriptors of all processes.
#pragma once

#include <sys/types.h>

#include <compare>
#include <map>
#include <set>
#include <string>

#include "cr/base/result.h"

namespace cr::kinds {

struct FileId {
  uint64_t device = 0, inode = 0;
  auto operator<=>(const FileId&) const = default;
};

// Of those of `fifos` that a process not among `known` has open, or may have because its descriptors cannot
// be read: which process, in words. Sees who is in /proc: not who lives in another pid namespace, nor
// descriptors on their way through a socket.
Result<std::map<FileId, std::string>> other_holders(const std::set<FileId>& fifos,
                                                    const std::set<pid_t>& known);

}  // namespace cr::kinds
