// A frozen tree as the kinds see it: what ptrace told, and the files of /proc that many kinds need.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cr/base/remote_addr.h"
#include "cr/proc/smaps.h"
#include "cr/proc/stat.h"
#include "cr/proc/status.h"
#include "cr/sys/fd.h"
#include "cr/trace/thread_state.h"

namespace cr::kinds {

struct ProcessView {
  trace::ProcessState state;
  WordSize word_size = WordSize::k64;
  proc::Stat stat;
  proc::Status status;               // of the leader
  std::vector<proc::SmapsVma> vmas;  // our own area excepted; empty for a zombie
  sys::UniqueFd pidfd;               // invalid for a zombie

  pid_t pid() const { return state.pid; }
  bool zombie() const { return state.zombie; }
  std::string path(std::string_view name) const { return fmt::format("/proc/{}/{}", state.pid, name); }
};

struct TreeView {
  std::vector<ProcessView> processes;  // ascending pids
  pid_t root = 0;

  const ProcessView* find(pid_t pid) const {
    for (const ProcessView& process : processes)
      if (process.pid() == pid) return &process;
    return nullptr;
  }
};

// Requires: all of the tree stands still.
Result<TreeView> look_at(std::vector<trace::ProcessState> processes, pid_t root);

}  // namespace cr::kinds
