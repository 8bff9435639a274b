// The shape of one kind of open file: regular files, directories, pipes, ... behind the table of descriptors.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cr/kinds/collector.h"
#include "cr/kinds/files/files.pb.h"
#include "cr/kinds/plan_builder.h"
#include "cr/kinds/tree_view.h"
#include "cr/proc/fdinfo.h"

namespace cr::kinds {

// A descriptor of a frozen process, as seen from outside.
struct FdView {
  const ProcessView* process = nullptr;
  int number = 0;
  std::string link;  // what /proc/PID/fd/N points to
  struct stat status {};
  uint64_t file_system = 0;  // statfs(2) f_type
  proc::Fdinfo info;
  // The same open file description, in our process.
  sys::UniqueFd mine;

  pid_t pid() const { return process->pid(); }
  std::string where() const { return fmt::format("fd {} ({})", number, link); }
  std::string path() const { return process->path(fmt::format("fd/{}", number)); }
  int access() const { return static_cast<int>(info.flags) & 3; }  // O_ACCMODE
};

// Consoles, serial lines, and pseudo-terminals of both generations (Documentation/admin-guide/devices.txt).
bool is_terminal(const FdView& fd);

// Where a file kind says why not.
class FileRefusals {
 public:
  FileRefusals(const FdView& fd, Collector& collector) : fd_(fd), collector_(collector) {}
  Result<void> refuse(const char* kind, std::string reason) {
    collector_.refuse(fd_.pid(), kind, fd_.where(), std::move(reason));
    return {};
  }

 private:
  const FdView& fd_;
  Collector& collector_;
};

// O_LARGEFILE of the kernel; glibc defines it as 0 for 64-bit programs.
constexpr uint32_t kLargefile = 0100000;
// What open(2) keeps of its flags (do_dentry_open() in fs/open.c), less those that ask for another kind of
// file: O_DIRECTORY, O_DIRECT, O_PATH, O_TMPFILE, which would make one, and O_ASYNC.
constexpr uint32_t kLastingFlags =
    O_ACCMODE | O_APPEND | O_NONBLOCK | O_DSYNC | O_SYNC | O_NOATIME | O_NOFOLLOW | kLargefile;

class FileKind {
 public:
  virtual ~FileKind() = default;
  virtual bool claims(const FdView& fd) const = 0;
  virtual bool owns(const FileDescription& description) const = 0;
  // Fills in what this kind needs, or refuses.
  virtual Result<void> describe(const FdView& fd, FileDescription& out, Collector& collector) const = 0;
  virtual Result<void> validate(const FileDescription&, const Records&) const { return {}; }
  // All that a description of this kind can have. Any, where a restore opens nothing.
  virtual uint32_t flags(const FileDescription&) const { return ~0u; }
  // In the store list: makes the object and returns the slot with its descriptor, to be kept by the caller.
  virtual exec::Slot plan(const FileDescription& description, const Records& records,
                          PlanBuilder& builder) const = 0;
};

const std::vector<std::unique_ptr<FileKind>>& file_kinds();

// One factory per kind of file.
std::unique_ptr<FileKind> regular_file_kind();
std::unique_ptr<FileKind> directory_kind();
std::unique_ptr<FileKind> device_kind();
std::unique_ptr<FileKind> pipe_kind();

// What each is by itself: that all ends of each pipe are of one pipe, or of one FIFO by one name and no other
// FIFO of that name; what all pipes may hold together.
Result<void> validate_pipes(const Records& records);

// What a later F_SETFL or open must say: the flags without those that only matter while opening.
uint32_t lasting_flags(uint32_t flags);

// A name that leads to this very file, or nothing if there is none any more.
std::optional<std::string> name_of_file(const FdView& fd);

// open(2) of `path` with the description's flags and position.
exec::Slot plan_open(const std::string& path, const FileDescription& description, PlanBuilder& builder);

Result<void> validate_path(const std::string& path);

// Kinds of descriptors that cannot be carried, by name: sockets, eventfd, ... Nothing if it is none of those.
struct FileRefusal {
  const char* kind;
  std::string reason;
};
std::optional<FileRefusal> known_refusal(const FdView& fd);

}  // namespace cr::kinds
