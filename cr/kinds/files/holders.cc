#include "cr/kinds/files/holders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <charconv>

#include "cr/proc/fdinfo.h"
#include "cr/sys/process.h"

namespace cr::kinds {
namespace {

// What vanishes meanwhile holds nothing.
bool is_gone(const Error& error) { return error.error_number() == ENOENT || error.error_number() == ESRCH; }

class Search {
 public:
  explicit Search(const std::set<FileId>& fifos) : fifos_(fifos) {}

  // Threads may have tables of their own.
  void look_at(pid_t pid) {
    const auto threads = sys::list_dir(fmt::format("/proc/{}/task", pid));
    if (!threads) return note_unreadable(pid, threads.error());
    for (const std::string& thread : *threads) {
      pid_t tid = 0;
      std::from_chars(thread.data(), thread.data() + thread.size(), tid);
      if (tid != pid) {
        const auto order = sys::compare(pid, tid, sys::Shared::kFiles);
        if (order && *order == 0) continue;
      }
      look_at_table(pid, fmt::format("/proc/{}/task/{}", pid, tid));
    }
  }

  std::map<FileId, std::string> found() && {
    for (const FileId& fifo : fifos_)
      if (!unreadable_.empty()) found_.emplace(fifo, unreadable_);
    return std::move(found_);
  }

 private:
  void look_at_table(pid_t pid, const std::string& task) {
    const auto table = sys::open(task + "/fd", O_RDONLY | O_DIRECTORY);
    if (!table) return note_unreadable(pid, table.error());
    const auto numbers = sys::list_dir(task + "/fd");
    if (!numbers) return note_unreadable(pid, numbers.error());
    for (const std::string& number : *numbers) {
      struct statx status;
      // Without synchronisation: a file server that is gone must not keep a frozen tree waiting.
      if (::statx(table->get(), number.c_str(), AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &status) < 0) {
        // Other errors are those of a file system that is out of reach: the tree's FIFO was within it.
        if (errno == EACCES || errno == EPERM) note_unreadable(pid, Error::system(errno, number));
        continue;
      }
      if (!S_ISFIFO(status.stx_mode)) continue;
      const FileId id{makedev(status.stx_dev_major, status.stx_dev_minor), status.stx_ino};
      if (fifos_.contains(id) && is_open(fmt::format("{}/fdinfo/{}", task, number)))
        found_.emplace(id, fmt::format("pid {} has it open, too", pid));
    }
  }

  // A descriptor of the name alone (O_PATH) keeps no byte.
  static bool is_open(const std::string& fdinfo) {
    const auto text = sys::read_file(fdinfo);
    if (!text) return !is_gone(text.error());
    const auto info = proc::parse_fdinfo(*text);
    return !info || (info->flags & O_PATH) == 0;
  }

  void note_unreadable(pid_t pid, const Error& error) {
    if (!is_gone(error) && unreadable_.empty())
      unreadable_ = fmt::format("pid {} may have it open, too: its descriptors cannot be read ({})", pid,
                                error.message());
  }

  const std::set<FileId>& fifos_;
  std::map<FileId, std::string> found_;
  std::string unreadable_;  // the first process of that kind, in words
};

}  // namespace

Result<std::map<FileId, std::string>> other_holders(const std::set<FileId>& fifos,
                                                    const std::set<pid_t>& known) {
  Search search(fifos);
  if (fifos.empty()) return std::move(search).found();
  for (const std::string& name : CR_TRY(sys::list_dir("/proc"))) {
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    const bool is_number = error == std::errc() && end == name.data() + name.size();
    if (is_number && !known.contains(pid)) search.look_at(pid);
  }
  return std::move(search).found();
}

}  // namespace cr::kinds
