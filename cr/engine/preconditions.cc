#include "cr/engine/preconditions.h"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "cr/sys/fd.h"

namespace cr::engine {

Result<void> check_ids(const kinds::Plan& plan, bool left_running) {
  for (const auto& [pid, process] : plan.processes) {
    std::vector<pid_t> ids{pid};
    for (const auto& [tid, list] : process.lists)
      if (tid != pid) ids.push_back(tid);
    for (const pid_t id : ids) {
      // A thread's id answers here too, though kill(2) is for processes; so does a group that outlives its
      // leader.
      if (::kill(id, 0) == 0 || errno == EPERM || ::kill(-id, 0) == 0 || errno == EPERM)
        return fail(
            ErrorKind::kConflict,
            "the id {} is taken{}; restore in a fresh pid namespace (unshare --pid --fork --mount-proc)", id,
            left_running ? ", maybe by the tree itself, which was left running" : "");
    }
  }
  return {};
}

Result<void> check_files(const kinds::Plan& plan) {
  for (const kinds::FileCheck& file : plan.files) {
    struct stat now;
    if (::stat(file.path.c_str(), &now) < 0)
      return fail(ErrorKind::kConflict, "{} is gone: {}", file.path, std::strerror(errno));
    if ((now.st_mode & S_IFMT) != (file.mode & S_IFMT))
      return fail(ErrorKind::kConflict, "{} is another kind of file now", file.path);
    if (!S_ISREG(now.st_mode)) continue;
    if (static_cast<uint64_t>(now.st_size) != file.size)
      return fail(ErrorKind::kConflict, "{} has {} bytes, it had {}; put the file back as it was", file.path,
                  now.st_size, file.size);
    const int64_t mtime_ns = now.st_mtim.tv_sec * 1000000000 + now.st_mtim.tv_nsec;
    if (mtime_ns != file.mtime_ns)
      return fail(ErrorKind::kConflict,
                  "{} was written since the checkpoint; put the file back as it was, with its time",
                  file.path);
  }
  return {};
}

}  // namespace cr::engine
