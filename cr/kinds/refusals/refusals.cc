// State that a task can have, that this engine does not carry, and that shows neither in its files nor in its
// memory.
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>

#include "cr/kinds/kinds.h"
#include "cr/kinds/refusals/questions.h"
#include "cr/kinds/refusals/sharing.h"
#include "cr/sys/process.h"

namespace cr::kinds {
namespace {

// What the engine itself is: a task that differs has something that a restore by this engine would lose.
struct Self {
  proc::Status status;
  std::map<std::string, std::string> namespaces;
  std::string cgroup, label;
  uint64_t slice_ns = 0;  // 0: the kernel does not tell
  uint64_t core_cookie = 0;
};

// struct sched_attr, SCHED_ATTR_SIZE_VER1 (sched_getattr(2)).
struct SchedAttr {
  uint32_t size = 0, policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0, deadline = 0, period = 0;
  uint32_t util_min = 0, util_max = 0;
};

// Zeros if the thread is gone.
SchedAttr sched_attr_of(pid_t tid) {
  SchedAttr attr;
  if (::syscall(SYS_sched_getattr, tid, &attr, sizeof(attr), 0) < 0) return {};
  return attr;
}

// Whom it may share a core with; 0: everybody. Without the kernel's support (EINVAL) and without CPUs that
// share cores (ENODEV) there is nothing to tell.
Result<uint64_t> core_cookie_of(pid_t tid) {
  uint64_t cookie = 0;
  if (::prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, tid, PR_SCHED_CORE_SCOPE_THREAD, &cookie) == 0) return cookie;
  if (errno == EINVAL || errno == ENODEV) return 0;
  return fail_errno("PR_SCHED_CORE_GET of {}", tid);
}

constexpr const char* kNamespaces[] = {
    "cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children", "user", "uts"};

// What a kernel may be built without counts as empty where it is absent, and only there: who may not look
// must not take that for the ordinary.
Result<std::string> or_empty(Result<std::string> text, int absent = ENOENT) {
  if (!text && text.error().error_number() == absent) return std::string();
  return text;
}

Result<std::string> read_or_empty(const std::string& path) { return or_empty(sys::read_file(path)); }

// Without a module that labels tasks the file is there, and reading it an error.
Result<std::string> label_of(const std::string& task, const char* which) {
  return or_empty(read_or_empty(task + "/attr/" + which), EINVAL);
}

Result<std::map<std::string, std::string>> namespaces_of(const std::string& task) {
  std::map<std::string, std::string> links;
  for (const char* name : kNamespaces)
    links[name] = CR_TRY(or_empty(sys::read_link(fmt::format("{}/ns/{}", task, name))));
  return links;
}

// Scheduled by time slices: for others `runtime` is another thing, or nothing.
bool is_fair(const SchedAttr& attr) {
  return attr.policy == SCHED_OTHER || attr.policy == SCHED_BATCH || attr.policy == SCHED_IDLE;
}

Result<Self> look_at_self() {
  Self self;
  self.status = CR_TRY(proc::parse_status(CR_TRY(sys::read_file("/proc/self/status"))), "/proc/self/status");
  self.namespaces = CR_TRY(namespaces_of("/proc/self"));
  self.cgroup = CR_TRY(read_or_empty("/proc/self/cgroup"));
  self.label = CR_TRY(label_of("/proc/self", "current"));
  const SchedAttr attr = sched_attr_of(0);
  if (is_fair(attr)) self.slice_ns = attr.runtime;
  self.core_cookie = CR_TRY(core_cookie_of(0));
  return self;
}

// What an execve gives (capabilities(7)): that is how a restored task gets its sets, too.
bool given_by_execve(const proc::Status& status) {
  const bool root = status.uid.effective == 0;
  uint64_t permitted = status.cap_ambient;
  if (root || status.uid.real == 0) permitted |= status.cap_bounding | status.cap_inheritable;
  return status.cap_permitted == permitted && status.cap_effective == (root ? permitted : status.cap_ambient);
}

class ThreadLooker {
 public:
  ThreadLooker(const ProcessView& process, pid_t tid, const Self& self, Collector& collector)
      : process_(process),
        tid_(tid),
        self_(self),
        collector_(collector),
        task_(process.path(fmt::format("task/{}", tid))) {}

  Result<void> look() {
    const proc::Status status =
        CR_TRY(proc::parse_status(CR_TRY(sys::read_file(task_ + "/status"))), "{}/status", task_);
    const proc::Stat stat =
        CR_TRY(proc::parse_stat(CR_TRY(sys::read_file(task_ + "/stat"))), "{}/stat", task_);
    look_at_credentials(status);
    look_at_scheduling(status, stat);
    if (CR_TRY(core_cookie_of(tid_)) != self_.core_cookie)
      refuse("scheduling", "is in another group of core scheduling (PR_SCHED_CORE) than this command");
    if (status.seccomp.value_or(0) != 0) {
      refuse("seccomp", "runs under seccomp");
      collector_.keep_out(process_.pid());  // a call that it would not make itself may be its end
    }
    if (status.no_new_privs) refuse("no-new-privs", "has no_new_privs set");
    if (status.speculation_store_bypass != self_.status.speculation_store_bypass ||
        status.speculation_indirect_branch != self_.status.speculation_indirect_branch)
      refuse("speculation", "has its own speculation controls");
    if (!status.x86_thread_features.value_or("").empty()) {
      refuse("shadow-stack", "uses a shadow stack");
      collector_.keep_out(process_.pid());  // a return that no call went before would be its end
    }
    const auto namespaces = CR_TRY(namespaces_of(task_));
    for (const auto& [name, link] : namespaces) {
      if (link == self_.namespaces.at(name)) continue;
      refuse("namespace", fmt::format("lives in another {} namespace than this command", name));
    }
    if (CR_TRY(read_or_empty(task_ + "/cgroup")) != self_.cgroup)
      refuse("cgroup", "is in another control group than this command");
    if (CR_TRY(label_of(task_, "current")) != self_.label)
      refuse("lsm-label", "has another security label than this command");
    if (!CR_TRY(label_of(task_, "exec")).empty())
      refuse("lsm-label", "has set the security label of what it executes next");
    return {};
  }

 private:
  void look_at_credentials(const proc::Status& status) {
    const proc::Status& own = self_.status;
    if (!(status.uid == own.uid) || !(status.gid == own.gid) || status.groups != own.groups)
      refuse("credentials", "has other user or group ids than this command");
    else if (status.cap_inheritable != own.cap_inheritable || status.cap_permitted != own.cap_permitted ||
             status.cap_effective != own.cap_effective || status.cap_bounding != own.cap_bounding ||
             status.cap_ambient != own.cap_ambient)
      refuse("credentials", "has other capabilities than this command");
    else if (!given_by_execve(status))
      refuse("credentials", "has other capabilities than a program that is executed as its user");
  }

  void look_at_scheduling(const proc::Status& status, const proc::Stat& stat) {
    if (stat.policy != 0 || stat.rt_priority != 0)
      refuse("scheduling", fmt::format("has the scheduling policy {}", stat.policy));
    if (stat.nice != 0) refuse("nice", fmt::format("has the nice value {}", stat.nice));
    if (status.cpus_allowed != self_.status.cpus_allowed)
      refuse("affinity", "may run on other CPUs than this command");
    if (status.mems_allowed != self_.status.mems_allowed)
      refuse("numa-policy", "may use other memory nodes than this command");
    look_at_sched_attr();
    constexpr int kIoprioWhoProcess = 1, kIoprioClassShift = 13;
    const long ioprio = ::syscall(SYS_ioprio_get, kIoprioWhoProcess, tid_);
    // Class 0 is none; newer kernels report the class that follows from the nice value: best effort, level 4.
    if (ioprio > 0 && ioprio != (2 << kIoprioClassShift | 4) && (ioprio >> kIoprioClassShift) != 0)
      refuse("io-priority", "has an I/O priority of its own");
  }

  void look_at_sched_attr() {
    const SchedAttr attr = sched_attr_of(tid_);
    constexpr uint64_t kResetOnFork = 1;
    if ((attr.flags & kResetOnFork) != 0) refuse("scheduling", "resets its scheduling on fork");
    // Linux commit a509a7cd7974 ("sched/uclamp: Extend sched_setattr() to support utilization clamping")
    // (v5.3)
    const bool clamped =
        attr.size >= sizeof(attr) && (attr.util_min != 0 || (attr.util_max != 0 && attr.util_max != 1024));
    if (clamped) refuse("scheduling", "has its utilization clamped");
    // Linux commit 857b158dc5e8 ("sched/eevdf: Use sched_attr::sched_runtime to set request/slice
    // suggestion") (v6.12)
    if (is_fair(attr) && self_.slice_ns != 0 && attr.runtime != self_.slice_ns)
      refuse("scheduling", fmt::format("has a time slice of {} ns, this command has one of {} ns",
                                       attr.runtime, self_.slice_ns));
  }

  void refuse(const char* kind, std::string reason) {
    collector_.refuse(process_.pid(), kind, fmt::format("thread {}", tid_), std::move(reason));
  }

  const ProcessView& process_;
  pid_t tid_;
  const Self& self_;
  Collector& collector_;
  std::string task_;
};

// A process gets an undo list by its first semop with SEM_UNDO; this command never made one, so none compares
// equal. Starting a thread makes an empty list too: then only a namespace without any semaphore proves that
// it is empty.
Result<bool> may_have_semaphore_undo(const ProcessView& process) {
  if (CR_TRY(sys::compare(process.living_tid(), ::getpid(), sys::Shared::kSysvSem)) == 0) return false;
  const std::string sets = CR_TRY(read_or_empty("/proc/sysvipc/sem"));
  return std::count(sets.begin(), sets.end(), '\n') > 1;  // the first line is a heading
}

// "7f12... bind:0 anon=1 ...": the policy is the second word.
Result<void> look_at_numa_maps(const ProcessView& process, Collector& collector) {
  const std::string text = CR_TRY(read_or_empty(process.path("numa_maps")));
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line(text.data() + at, end - at);
    at = end + 1;
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || line.substr(space + 1).starts_with("default")) continue;
    collector.refuse(process.pid(), "numa-policy", std::string(line.substr(0, space)),
                     "has a memory policy (mbind)");
    break;
  }
  return {};
}

Result<void> look_at_process(const ProcessView& process, pid_t root_session, Collector& collector) {
  const pid_t pid = process.pid();
  if (!CR_TRY(read_or_empty(process.path("timers"))).empty())
    collector.refuse(pid, "posix-timer", "task", "has POSIX timers (timer_create)");
  if (process.stat.tty_nr != 0 && process.stat.session != root_session)
    collector.refuse(pid, "tty", "task", "has a controlling terminal");
  if (CR_TRY(may_have_semaphore_undo(process)))
    collector.refuse(pid, "sysv-sem", "task", "may have System V semaphore adjustments to undo (SEM_UNDO)");
  CR_TRY(look_at_numa_maps(process, collector));
  for (const trace::ThreadState& thread : process.state.threads) {
    if (thread.has_io_ports)
      collector.refuse(pid, "io-ports", fmt::format("thread {}", thread.tid), "may use I/O ports (ioperm)");
    const pid_t first = process.living_tid();
    if (thread.tid == first) continue;
    const std::string where = fmt::format("thread {}", thread.tid);
    if (CR_TRY(sys::compare(first, thread.tid, sys::Shared::kFiles)) != 0)
      collector.refuse(pid, "unshared-thread", where, "has a descriptor table of its own");
    if (CR_TRY(sys::compare(first, thread.tid, sys::Shared::kFs)) != 0)
      collector.refuse(pid, "unshared-thread", where, "has a working directory of its own");
  }
  return {};
}

// Whoever waits for it is told its user, and a restored one has the engine's.
Result<void> look_at_zombie(const ProcessView& process, const Self& self, Collector& collector) {
  const std::string path = process.path("status");
  const proc::Status status = CR_TRY(proc::parse_status(CR_TRY(sys::read_file(path))), "{}", path);
  if (!(status.uid == self.status.uid) || !(status.gid == self.status.gid))
    collector.refuse(process.pid(), "credentials", "task",
                     "a zombie that had other user or group ids than this command; reap it first");
  return {};
}

class RefusalsKind : public Kind {
 public:
  std::string_view name() const override { return "refusals"; }

  Result<void> collect(const TreeView& tree, Collector& collector) const override {
    const Self self = CR_TRY(look_at_self());
    const pid_t session = tree.find(tree.root)->stat.session;
    const pid_t outside_session = session == tree.root ? 0 : session;
    for (const ProcessView& process : tree.processes) {
      if (process.zombie()) {
        CR_TRY(look_at_zombie(process, self, collector), "pid {}", process.pid());
        continue;
      }
      CR_TRY(look_at_process(process, outside_session, collector), "pid {}", process.pid());
      for (const trace::ThreadState& thread : process.state.threads) {
        CR_TRY(ThreadLooker(process, thread.tid, self, collector).look(), "pid {} thread {}", process.pid(),
               thread.tid);
        ask_thread(process, thread.tid, collector);
      }
      ask_process(process, collector);
    }
    return look_for_sharing(tree, collector);
  }
};

}  // namespace

std::unique_ptr<Kind> refusals_kind() { return std::make_unique<RefusalsKind>(); }

}  // namespace cr::kinds
