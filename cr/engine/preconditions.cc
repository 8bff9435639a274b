#include "cr/engine/preconditions.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "cr/sys/cpu.h"
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
    if (S_ISCHR(now.st_mode) && now.st_rdev != file.rdev)
      return fail(ErrorKind::kConflict, "{} is the device {}:{} now, it was {}:{}", file.path,
                  major(now.st_rdev), minor(now.st_rdev), major(file.rdev), minor(file.rdev));
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

Result<void> check_cpu_state(const kinds::Plan& plan) {
  constexpr size_t kXstateBv =
      512;  // XSTATE_BV, the first field of the XSAVE header (Intel SDM volume 1, 13.4.2)
  const uint64_t here = sys::xsave_components();
  for (const auto& [pid, process] : plan.processes)
    for (const auto& [tid, departure] : process.departures) {
      uint64_t components = 0;
      std::memcpy(&components, departure.xstate.data() + kXstateBv, sizeof(components));
      if ((components & ~here) != 0)
        return fail(ErrorKind::kConflict,
                    "thread {} uses the XSAVE components {:#x}, this CPU has only {:#x}", tid, components,
                    here);
    }
  return {};
}

int highest_number(const kinds::Plan& plan) {
  constexpr int kOutOfTheWay = 4;  // the root's, while it moves what it was given to its place
  return std::max(plan.next_store_number, plan.loader_fd + 1) + kOutOfTheWay - 1;
}

Result<void> check_limits(const kinds::Plan& plan) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return fail_errno("getrlimit");
  const auto highest = static_cast<rlim_t>(highest_number(plan));
  if (highest < files.rlim_max) return {};
  return fail(ErrorKind::kConflict,
              "needs descriptor {} while the tree is built, the limit is {}; raise it (ulimit -Hn)", highest,
              files.rlim_max);
}

}  // namespace cr::engine
