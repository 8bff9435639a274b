#include "cr/kinds/files/outside.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>

namespace cr::kinds {
namespace {

bool anonymous_pipe(const FdView& fd) { return S_ISFIFO(fd.status.st_mode) && fd.link.starts_with("pipe:["); }

// POLLHUP on a read end: no writer anywhere; POLLERR on a write end: no reader anywhere (pipe(7)).
bool other_end_is_gone(const FdView& fd) {
  pollfd poll_fd{fd.mine.get(), 0, 0};
  ::poll(&poll_fd, 1, 0);
  return (poll_fd.revents & (POLLHUP | POLLERR)) != 0;
}

class InheritedStdioKind : public FileKind {
 public:
  // Nothing on a descriptor itself says so: the table decides, by OutsideEnds.
  bool claims(const FdView&) const override { return false; }
  bool owns(const FileDescription& description) const override { return description.has_stdio(); }
  Result<void> describe(const FdView&, FileDescription&, Collector&) const override { return {}; }
  Result<void> validate(const FileDescription& description, const Records&) const override {
    if (description.stdio().number() > 2) return invalid("stdio number {}", description.stdio().number());
    return {};
  }
  exec::Slot plan(const FileDescription& description, const Records&, PlanBuilder& builder) const override {
    exec::ListBuilder& store = builder.store();
    const exec::Slot fd = store.fresh_slot();
    store.syscall(exec::Abi::k64, SYS_fcntl, {description.stdio().number(), F_DUPFD_CLOEXEC, 3})
        .save(fd)
        .because("take over descriptor {} of this command", description.stdio().number());
    return fd;
  }
};

}  // namespace

OutsideEnds::OutsideEnds(const std::deque<FdView>& views, pid_t root) {
  for (const FdView& fd : views) {
    if (fd.pid() == root && fd.number <= 2) stdio_.push_back(&fd);
    if (!anonymous_pipe(fd)) continue;
    Ends& ends = pipes_[fd.status.st_ino];
    ends.read |= fd.access() != O_WRONLY;
    ends.write |= fd.access() != O_RDONLY;
  }
  for (const FdView& fd : views) {
    if (!anonymous_pipe(fd)) continue;
    Ends& ends = pipes_[fd.status.st_ino];
    if (!(ends.read && ends.write) && !other_end_is_gone(fd)) ends.outside = true;
  }
}

bool OutsideEnds::is_outside(const FdView& fd) const {
  if (!anonymous_pipe(fd)) return false;
  const auto ends = pipes_.find(fd.status.st_ino);
  return ends != pipes_.end() && ends->second.outside;
}

std::optional<int> OutsideEnds::inherited_as(const FdView& fd) const {
  const bool leads_out = is_outside(fd) || is_terminal(fd);
  if (!leads_out) return std::nullopt;
  std::optional<int> best;
  for (const FdView* stdio : stdio_) {
    const bool same = stdio->status.st_ino == fd.status.st_ino && stdio->status.st_dev == fd.status.st_dev;
    if (!same) continue;
    if (stdio->access() == fd.access()) return stdio->number;
    if (!best) best = stdio->number;
  }
  return best;
}

std::unique_ptr<FileKind> inherited_stdio_kind() { return std::make_unique<InheritedStdioKind>(); }

}  // namespace cr::kinds
