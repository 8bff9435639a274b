#include "cr/engine/preconditions.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "cr/sys/cpu.h"
#include "cr/sys/fd.h"

namespace cr::engine {

namespace {

// A task that has ended is gone from kill(2) and /proc a moment before its number is free (seen on 6.18: some
// microseconds, or until its CPU is its own again).
constexpr std::chrono::seconds kNumbersAreFreeWithin{1};

// A thread's id answers here too, though kill(2) is for processes; so does a group that outlives its leader.
bool is_somebody(pid_t id) {
  return ::kill(id, 0) == 0 || errno == EPERM || ::kill(-id, 0) == 0 || errno == EPERM;
}

// Process, thread, group or session, or what is left of one that has ended: an owner of signals is looked up
// among the numbers in use, not among tasks (f_setown() in fs/fcntl.c), and nothing else asks for that
// without a try to take one.
Result<bool> is_held(int any_fd, pid_t id) {
  const f_owner_ex owner{F_OWNER_PID, id};
  if (::fcntl(any_fd, F_SETOWN_EX, &owner) == 0) return true;
  if (errno == ESRCH) return false;
  return fail_errno("F_SETOWN_EX {}", id);
}

// Asked by doing it: what decides is capabilities, user namespaces, and for descriptors fs.nr_open.
bool may_raise(uint32_t resource, const rlimit64& here, uint64_t wanted) {
  const auto which = static_cast<__rlimit_resource>(resource);
  const rlimit64 raised{here.rlim_cur, wanted};
  return ::prlimit64(0, which, &raised, nullptr) == 0 && ::prlimit64(0, which, &here, nullptr) == 0;
}

}  // namespace

Result<void> check_ids(const kinds::Plan& plan, bool left_running) {
  const sys::UniqueFd any(::eventfd(0, EFD_CLOEXEC));
  if (!any.valid()) return fail_errno("eventfd");
  const auto give_up = std::chrono::steady_clock::now() + kNumbersAreFreeWithin;
  for (const auto& [pid, process] : plan.processes) {
    std::vector<pid_t> ids{pid};
    for (const auto& [tid, list] : process.lists)
      if (tid != pid) ids.push_back(tid);
    for (const pid_t id : ids) {
      while (CR_TRY(is_held(any.get(), id))) {
        if (is_somebody(id) || std::chrono::steady_clock::now() >= give_up)
          return fail(
              ErrorKind::kConflict,
              "the id {} is taken{}; restore in a fresh pid namespace (unshare --pid --fork --mount-proc)",
              id, left_running ? ", maybe by the tree itself, which was left running" : "");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
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
  if (highest >= files.rlim_max)
    return fail(ErrorKind::kConflict,
                "needs descriptor {} while the tree is built, the limit is {}; raise it (ulimit -Hn)",
                highest, files.rlim_max);
  for (const auto& [resource, wanted] : plan.hard_limits) {
    rlimit64 here{};
    if (::prlimit64(0, static_cast<__rlimit_resource>(resource), nullptr, &here) != 0)
      return fail_errno("limit of resource {}", resource);
    if (wanted >= here.rlim_max && !may_raise(resource, here, wanted))
      return fail(
          ErrorKind::kConflict,
          "a task has the hard limit {} of resource {}, here it is {} and cannot be raised as far: that "
          "takes CAP_SYS_RESOURCE, and for descriptors (7) a higher fs.nr_open",
          wanted, resource, here.rlim_max);
  }
  return {};
}

}  // namespace cr::engine
