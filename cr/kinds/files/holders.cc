#include "cr/kinds/files/holders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cr/kinds/outsiders.h"
#include "cr/proc/fdinfo.h"
#include "cr/sys/process.h"

namespace cr::kinds {
namespace {

class Search {
 public:
  explicit Search(const std::set<FileId>& pipes) : pipes_(pipes) {}

  // Threads may have tables of their own.
  void look_at(pid_t pid) {
    const auto threads = threads_of(pid);
    if (!threads) return note_unreadable(pid, threads.error());
    for (const pid_t tid : *threads) {
      if (tid != pid) {
        const auto order = sys::compare(pid, tid, sys::Shared::kFiles);
        if (!order) note_unreadable(pid, order.error());
        if (!order || *order == 0) continue;
      }
      look_at_table(pid, fmt::format("/proc/{}/task/{}", pid, tid));
    }
  }

  Holders found() && { return std::move(holders_); }

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
        // Other errors are those of a file system that is out of reach: what is sought was within it.
        if (errno == EACCES || errno == EPERM) note_unreadable(pid, Error::system(errno, number));
        continue;
      }
      if (!S_ISFIFO(status.stx_mode)) continue;
      const FileId id{makedev(status.stx_dev_major, status.stx_dev_minor), status.stx_ino};
      if (pipes_.contains(id) && is_open(fmt::format("{}/fdinfo/{}", task, number)))
        holders_.found.emplace(id, fmt::format("pid {} has it open, too", pid));
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
    if (!is_gone(error) && holders_.unreadable.empty())
      holders_.unreadable = fmt::format("pid {} may have it open, too: its descriptors cannot be read ({})",
                                        pid, error.message());
  }

  const std::set<FileId>& pipes_;
  Holders holders_;
};

}  // namespace

Result<Holders> other_holders(const std::set<FileId>& pipes, const std::set<pid_t>& known) {
  Search search(pipes);
  if (pipes.empty()) return std::move(search).found();
  for (const pid_t pid : CR_TRY(outsiders(known))) search.look_at(pid);
  return std::move(search).found();
}

}  // namespace cr::kinds
