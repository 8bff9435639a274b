#include "cr/kinds/files/outside.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "cr/kinds/outsiders.h"

namespace cr::kinds {
namespace {

bool is_pipe_or_fifo(const FdView& fd) { return S_ISFIFO(fd.status.st_mode); }
bool is_anonymous(const FdView& fd) { return fd.link.starts_with("pipe:["); }
FileId id_of(const FdView& fd) { return {fd.status.st_dev, fd.status.st_ino}; }

// Asks an empty pipe for what it is to wait for: nothing if there is no writer (ipipe_prep() in fs/splice.c).
Result<bool> has_no_writer(int read_end) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail_errno("pipe2");
  const sys::UniqueFd nobody(ends[0]), scratch(ends[1]);
  return ::tee(read_end, scratch.get(), 1, SPLICE_F_NONBLOCK) == 0;
}

// POLLHUP on a read end: no writer anywhere; POLLERR on a write end: no reader anywhere (pipe(7)). But
// poll(2) keeps quiet to a FIFO's reader that has not met a writer yet.
Result<bool> other_end_is_gone(const FdView& fd) {
  pollfd poll_fd{fd.mine.get(), 0, 0};
  ::poll(&poll_fd, 1, 0);
  if ((poll_fd.revents & (POLLHUP | POLLERR)) != 0) return true;
  if (is_anonymous(fd) || fd.access() != O_RDONLY) return false;
  return has_no_writer(fd.mine.get());
}

}  // namespace

Result<OutsideEnds> OutsideEnds::find(const std::deque<FdView>& views, const TreeView& tree, bool all) {
  OutsideEnds out;
  std::set<FileId> fifos, sought;
  for (const FdView& fd : views) {
    if (fd.pid() == tree.root && fd.number <= 2) out.stdio_.push_back(&fd);
    if (!is_pipe_or_fifo(fd)) continue;
    Ends& ends = out.ends_[id_of(fd)];
    ends.read |= fd.access() != O_WRONLY;
    ends.write |= fd.access() != O_RDONLY;
    if (!is_anonymous(fd)) fifos.insert(id_of(fd));
  }
  for (const FdView& fd : views) {
    if (!is_pipe_or_fifo(fd)) continue;
    Ends& ends = out.ends_[id_of(fd)];
    if (!all)
      ends.other_is_gone = true;
    else if (ends.outside())
      ends.other_is_gone = CR_TRY(other_end_is_gone(fd), "{}", fd.where());
    // Of a pipe whose other end is outside it is known already.
    if (!is_anonymous(fd) || !ends.outside()) sought.insert(id_of(fd));
  }
  Holders holders = CR_TRY(other_holders(sought, insiders(tree)), "who else has a pipe or FIFO open");
  out.holders_ = std::move(holders.found);
  // Anybody can come by a FIFO; a pipe is inherited, and mostly by who may be looked at like the tree.
  if (!holders.unreadable.empty())
    for (const FileId& fifo : fifos) out.holders_.emplace(fifo, holders.unreadable);
  return out;
}

bool OutsideEnds::is_outside(const FdView& fd) const {
  const auto ends = ends_.find(id_of(fd));
  return is_pipe_or_fifo(fd) && ends != ends_.end() && ends->second.outside();
}

// Of a pipe that the tree holds at both ends, nothing could stand in for one of them.
bool OutsideEnds::is_inherited_pipe(const FdView& fd) const {
  if (!is_pipe_or_fifo(fd) || !is_anonymous(fd)) return false;
  return is_outside(fd) || (holders_.contains(id_of(fd)) && !ends_.at(id_of(fd)).both());
}

std::optional<FileRefusal> OutsideEnds::refusal(const FdView& fd) const {
  if (!is_pipe_or_fifo(fd)) return std::nullopt;
  const auto holder = holders_.find(id_of(fd));
  if (is_anonymous(fd)) {
    if (is_outside(fd))
      return FileRefusal{"outside-pipe",
                         "is a pipe whose other end is held by a process outside the tree, and it is not "
                         "the root's stdin, stdout or stderr"};
    if (holder == holders_.end()) return std::nullopt;
    return FileRefusal{"outside-pipe",
                       fmt::format("is a pipe that is held outside the tree ({})", holder->second)};
  }
  // What is in a FIFO outlives the tree if others have it open, at whichever end.
  if (holder == holders_.end() && !is_outside(fd)) return std::nullopt;
  return FileRefusal{"outside-fifo",
                     fmt::format("is a FIFO that is held outside the tree ({}); close it there first",
                                 holder != holders_.end() ? holder->second : "its other end is open")};
}

std::optional<int> OutsideEnds::inherited_as(const FdView& fd) const {
  if (!is_inherited_pipe(fd) && !is_terminal(fd)) return std::nullopt;
  std::optional<int> best;
  for (const FdView* stdio : stdio_) {
    if (id_of(*stdio) != id_of(fd)) continue;
    if (stdio->access() == fd.access()) return stdio->number;
    if (!best) best = stdio->number;
  }
  return best;
}

}  // namespace cr::kinds
