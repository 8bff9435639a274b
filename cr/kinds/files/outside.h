// What leads out of the tree: pipes and FIFOs that somebody else holds, too, and terminals.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "cr/kinds/files/file_kind.h"
#include "cr/kinds/files/holders.h"

namespace cr::kinds {

class OutsideEnds {
 public:
  // `all`: `views` are all descriptors of the tree. Without, nobody can say what leads out of it by one end.
  static Result<OutsideEnds> find(const std::deque<FdView>& views, const TreeView& tree, bool all);

  // The number (0 to 2) of the root's descriptor for the same outside pipe or terminal.
  std::optional<int> inherited_as(const FdView& fd) const;
  // Why a pipe or FIFO is not the tree's alone; nothing if it is.
  std::optional<FileRefusal> refusal(const FdView& fd) const;

 private:
  struct Ends {
    bool read = false, write = false;
    bool other_is_gone = false;

    bool both() const { return read && write; }
    bool outside() const { return !both() && !other_is_gone; }
  };
  bool is_outside(const FdView& fd) const;
  bool is_inherited_pipe(const FdView& fd) const;

  std::map<FileId, Ends> ends_;
  std::map<FileId, std::string> holders_;  // outside the tree, in words
  std::vector<const FdView*> stdio_;
};

}  // namespace cr::kinds
