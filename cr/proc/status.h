// /proc/PID/status: who a task is: ids, credentials, signal sets, confinement.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cr/base/result.h"

namespace cr::proc {

// The four ids that Uid: and Gid: show, in the kernel's order.
struct IdSet {
  uint32_t real = 0;
  uint32_t effective = 0;
  uint32_t saved = 0;
  uint32_t fs = 0;
  friend bool operator==(const IdSet&, const IdSet&) = default;
};

struct Status {
  std::string name;               // unescaped: newline and backslash as the task set them
  std::optional<uint32_t> umask;  // absent once the task has dropped its fs_struct: a zombie
  char state = '?';               // R S D T t Z X I P
  pid_t tgid = 0;
  pid_t ngid = 0;
  pid_t pid = 0;
  pid_t ppid = 0;
  pid_t tracer_pid = 0;
  IdSet uid;
  IdSet gid;
  uint32_t fd_size = 0;
  std::vector<uint32_t> groups;
  // The same ids seen from each nested pid namespace, outermost (that of the reader's /proc) first.
  std::vector<pid_t> ns_tgid;
  std::vector<pid_t> ns_pid;
  std::vector<pid_t> ns_pgid;
  std::vector<pid_t> ns_sid;
  std::optional<bool> kthread;  // absent in older kernels
  uint32_t threads = 0;
  uint64_t sigq_queued = 0;  // of all tasks of the same real uid
  uint64_t sigq_limit = 0;
  // Bit n-1 stands for signal n.
  uint64_t sig_pending = 0;         // SigPnd: for this thread
  uint64_t sig_pending_shared = 0;  // ShdPnd: for the process
  uint64_t sig_blocked = 0;
  uint64_t sig_ignored = 0;
  uint64_t sig_caught = 0;
  uint64_t cap_inheritable = 0;
  uint64_t cap_permitted = 0;
  uint64_t cap_effective = 0;
  uint64_t cap_bounding = 0;
  uint64_t cap_ambient = 0;
  bool no_new_privs = false;
  std::optional<uint32_t> seccomp;          // absent in a kernel built without it
  std::optional<uint32_t> seccomp_filters;  // since Linux 5.9
  std::optional<std::string> speculation_store_bypass;
  std::optional<std::string> speculation_indirect_branch;
  std::string cpus_allowed;
  std::string mems_allowed;
  std::optional<bool> thp_enabled;                 // absent for a task without memory and before Linux 5.0
  std::optional<bool> core_dumping;                // absent for a task without memory
  std::optional<std::string> x86_thread_features;  // "shstk wrss"; since Linux 6.6
  std::optional<std::string> x86_thread_features_locked;

  // A zombie and a kernel thread have none.
  bool has_memory() const { return core_dumping.has_value(); }
};

Result<Status> parse_status(std::string_view text);

}  // namespace cr::proc
