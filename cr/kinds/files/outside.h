// What leads out of the tree: pipes whose other end somebody else holds, and the root's stdin, stdout and
// stderr.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>

#include "cr/kinds/files/file_kind.h"

namespace cr::kinds {

class OutsideEnds {
 public:
  OutsideEnds(const std::deque<FdView>& views, pid_t root);

  // An anonymous pipe with an end that nobody in the tree holds, but somebody does.
  bool is_outside(const FdView& fd) const;
  // The number (0 to 2) of the root's descriptor for the same outside pipe or terminal.
  std::optional<int> inherited_as(const FdView& fd) const;

 private:
  struct Ends {
    bool read = false, write = false;
    bool outside = false;
  };
  std::map<uint64_t, Ends> pipes_;  // by inode
  std::vector<const FdView*> stdio_;
};

}  // namespace cr::kinds
