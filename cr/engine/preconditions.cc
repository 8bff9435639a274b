#include "cr/engine/preconditions.h"

#include <fcntl.h>
#include <linux/membarrier.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
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

// alloc_pid() in kernel/pid.c gives no number from kernel.pid_max on, asked for or not.
Result<void> check_height(pid_t id, pid_t limit) {
  if (id < limit) return {};
  return fail(ErrorKind::kConflict,
              "the id {} is too high here, where all are below {}; raise kernel.pid_max", id, limit);
}

// Where nobody tells, the highest that there can be (PID_MAX_LIMIT).
pid_t pid_limit() {
  const auto text = sys::read_file("/proc/sys/kernel/pid_max");
  return text ? std::atoi(text->c_str()) : pid_t{1} << 22;
}

// Asked by doing it: what decides is capabilities, user namespaces, and for descriptors fs.nr_open.
bool may_raise(uint32_t resource, const rlimit64& here, uint64_t wanted) {
  const auto which = static_cast<__rlimit_resource>(resource);
  const rlimit64 raised{here.rlim_cur, wanted};
  return ::prlimit64(0, which, &raised, nullptr) == 0 && ::prlimit64(0, which, &here, nullptr) == 0;
}

// --- What stands in for an inherited terminal or pipe ---
//
// Its description belongs to others, too, so its flags stay as they are; they must do.
// * Access: what the tree does with it must be possible. More than that is no harm.
// * O_NONBLOCK: decides between waiting and EAGAIN, which a program is written for. It means nothing to files
//   that never make anybody wait, so `< /dev/null > log` is good for every program.
// * O_DIRECT: cuts a pipe into packets, and asks aligned buffers of a file.
// Not compared:
// * O_APPEND: had no effect on the tree's pipes and terminals; of a file here it is the shell's `>>`.
// * O_LARGEFILE: the same; whoever opened a file here says how large it may become.
// * O_SYNC, O_DSYNC, O_NOATIME: what becomes of a file on its disk.
// * O_ASYNC: signals go to the owner, who is not of the tree. A dump refuses trees that ask for them.

// Disks and the like are waited for whatever the flags say.
bool can_make_wait(int fd) {
  struct stat status;
  if (::fstat(fd, &status) < 0) return true;
  constexpr unsigned kMemoryDevices = 1;  // null, zero, full, random
  if (S_ISCHR(status.st_mode)) return major(status.st_rdev) != kMemoryDevices;
  return !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !S_ISBLK(status.st_mode);
}

std::string flags_text(uint32_t flags) {
  constexpr const char* kAccess[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};
  std::string text = kAccess[flags & O_ACCMODE];
  if ((flags & O_NONBLOCK) != 0) text += "|O_NONBLOCK";
  if ((flags & O_DIRECT) != 0) text += "|O_DIRECT";
  return text;
}

Failure unfit(const kinds::StdioCheck& check, uint32_t found, std::string_view how, std::string_view remedy) {
  return fail(
      ErrorKind::kConflict,
      "descriptor {} of this command {}, and the tree is to have it: it is {}, the tree's was {}; redirect "
      "it to {}",
      check.number, how, flags_text(found), flags_text(check.flags), remedy);
}

}  // namespace

Result<void> check_ids(const kinds::Plan& plan, bool left_running, const Operation& operation) {
  const sys::UniqueFd any(::eventfd(0, EFD_CLOEXEC));
  if (!any.valid()) return fail_errno("eventfd");
  const auto give_up = std::chrono::steady_clock::now() + kNumbersAreFreeWithin;
  const pid_t limit = pid_limit();
  for (const auto& [pid, process] : plan.processes) {
    std::vector<pid_t> ids{pid};
    for (const auto& [tid, list] : process.lists)
      if (tid != pid) ids.push_back(tid);
    for (const pid_t id : ids) {
      CR_TRY(check_height(id, limit));
      while (CR_TRY(is_held(any.get(), id))) {
        if (is_somebody(id) || std::chrono::steady_clock::now() >= give_up)
          return fail(
              ErrorKind::kConflict,
              "the id {} is taken{}; restore in a fresh pid namespace (unshare --pid --fork --mount-proc)",
              id, left_running ? ", maybe by the tree itself, which was left running" : "");
        CR_TRY(operation.check_time(), "the id {} is not free yet", id);
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

Result<void> check_stdio(const kinds::Plan& plan) {
  for (const kinds::StdioCheck& check : plan.stdio) {
    const int flags = ::fcntl(check.number, F_GETFL);
    if (flags < 0 || (flags & O_PATH) != 0)
      return fail(
          ErrorKind::kConflict,
          "descriptor {} of this command is closed, and the tree is to have it; redirect it to a file, "
          "a pipe or a terminal",
          check.number);
    const auto found = static_cast<uint32_t>(flags), access = found & O_ACCMODE, other = found ^ check.flags;
    if (check.reads && access == O_WRONLY)
      return unfit(check, found, "cannot be read", "a terminal, < FILE or <> FILE");
    if (check.writes && access == O_RDONLY)
      return unfit(check, found, "cannot be written", "a terminal, > FILE or <> FILE");
    if ((other & O_DIRECT) != 0) return unfit(check, found, "has another O_DIRECT", "what is open as it was");
    if ((other & O_NONBLOCK) != 0 && can_make_wait(check.number))
      return unfit(check, found, "has another O_NONBLOCK",
                   "what is open as it was, or what never makes anybody wait: a file, /dev/null");
  }
  return {};
}

Result<void> check_cpu_state(const kinds::Plan& plan) {
  const uint64_t here = sys::xsave_components();
  for (const auto& [pid, process] : plan.processes)
    for (const auto& [tid, departure] : process.departures) {
      const uint64_t components = sys::components_in_use(std::as_bytes(std::span(departure.xstate)));
      if ((components & ~here) != 0)
        return fail(ErrorKind::kConflict,
                    "thread {} uses the XSAVE components {:#x}, this CPU has only {:#x}", tid, components,
                    here);
      if ((components & sys::kTileData) != 0)
        return fail(ErrorKind::kConflict, "thread {} holds data in AMX tiles, which is not given back", tid);
      if (departure.xstate.size() > sys::xsave_size())
        return fail(ErrorKind::kConflict, "thread {} has an XSAVE image of {} bytes, this CPU's have {}", tid,
                    departure.xstate.size(), sys::xsave_size());
      if (const uint64_t end = sys::xsave_end(components); end > departure.xstate.size())
        return fail(ErrorKind::kConflict,
                    "thread {} has an XSAVE area of {} bytes, its components {:#x} end at {} on this CPU",
                    tid, departure.xstate.size(), components, end);
    }
  return {};
}

namespace {

bool makes_32bit_calls(const exec::Program& program) {
  for (uint32_t i = 0; i < program.list_count(); ++i)
    for (const exec::Op& op : program.list(i).ops())
      if (op.kind == exec::OpKind::kSyscall && op.abi == exec::Abi::k32) return true;
  return false;
}

}  // namespace

Result<void> check_calls(const kinds::Plan& plan) {
  bool wanted = makes_32bit_calls(plan.store);
  for (const auto& [pid, process] : plan.processes) wanted = wanted || makes_32bit_calls(process.program);
  if (!wanted || CR_TRY(sys::takes_32bit_calls())) return {};
  return fail(ErrorKind::kConflict,
              "some of the tree can only be made by system calls of the 32-bit ABI, which this kernel takes "
              "none of (CONFIG_IA32_EMULATION, ia32_emulation=)");
}

Result<void> check_membarrier(const kinds::Plan& plan) {
  if (plan.membarrier == 0) return {};
  const long answer = ::syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  const uint32_t here = answer < 0 ? 0 : static_cast<uint32_t>(answer);
  if ((plan.membarrier & ~here) == 0) return {};
  return fail(ErrorKind::kConflict,
              "a task is registered for membarrier commands {:#x}, this kernel lacks {:#x} of them; restore "
              "on one that has them (CONFIG_MEMBARRIER, CONFIG_RSEQ)",
              plan.membarrier, plan.membarrier & ~here);
}

int highest_number(const kinds::Plan& plan) {
  constexpr int kOutOfTheWay = 4;  // the root's, while it moves what it was given to its place
  return std::max(plan.next_store_number, plan.loader_fd + 1) + kOutOfTheWay - 1;
}

namespace {

// Asked by doing it, too: whoever has CAP_SYS_RESOURCE may exceed the limit.
Result<void> check_pipes(const kinds::Plan& plan) {
  if (plan.pipe_capacity == 0) return {};
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail_errno("pipe2");
  const sys::UniqueFd read_end(ends[0]), write_end(ends[1]);
  if (::fcntl(write_end.get(), F_SETPIPE_SZ, static_cast<unsigned>(plan.pipe_capacity)) >= 0) return {};
  if (errno != EPERM) return fail_errno("a pipe of {} bytes", plan.pipe_capacity);
  return fail(ErrorKind::kConflict,
              "a pipe of the tree holds up to {} bytes, which takes a higher fs.pipe-max-size here, or "
              "CAP_SYS_RESOURCE",
              plan.pipe_capacity);
}

// For mappings CAP_SYS_RAWIO lifts this limit, for what PR_SET_MM_MAP is told nothing does.
Result<void> check_lowest_address(const kinds::Plan& plan) {
  const auto text = sys::read_file("/proc/sys/vm/mmap_min_addr");
  const uint64_t lowest = text ? std::strtoull(text->c_str(), nullptr, 10) : 0;
  if (plan.lowest_layout >= lowest) return {};
  return fail(ErrorKind::kConflict,
              "a task's program or data begin at {:#x}, below the lowest address {:#x} here "
              "(vm.mmap_min_addr)",
              plan.lowest_layout, lowest);
}

}  // namespace

Result<void> check_limits(const kinds::Plan& plan) {
  CR_TRY(check_pipes(plan));
  CR_TRY(check_lowest_address(plan));
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
