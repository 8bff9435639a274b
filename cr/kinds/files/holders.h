// Who else has a pipe or FIFO open: a look through the descriptors of all processes.
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

struct Holders {
  std::map<FileId, std::string> found;  // in words, which process
  // The first process whose descriptors cannot be read, in words: it may have any of them open. Or empty.
  std::string unreadable;
};

// Who has which of `pipes` open, of the processes that are not among `known`. Sees who is in /proc: not who
// lives in another pid namespace, nor descriptors on their way through a socket.
Result<Holders> other_holders(const std::set<FileId>& pipes, const std::set<pid_t>& known);

}  // namespace cr::kinds
