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
  sys::UniqueFd pidfd;               // of living_tid(), or invalid; of a zombie always

  pid_t pid() const { return state.pid; }
  bool zombie() const { return state.zombie; }
  // By whom the kernel tells what all threads have in common: the first thread, unless that has ended.
  pid_t living_tid() const { return state.threads.empty() ? state.pid : state.threads.front().tid; }
  std::string path(std::string_view name) const { return fmt::format("/proc/{}/{}", living_tid(), name); }
};

struct TreeView {
  std::vector<ProcessView> processes;  // ascending pids
  pid_t root = 0;

  const ProcessView* find(pid_t pid) const {
    for (const ProcessView& process : processes)
      if (process.pid() == pid) return &process;
    return nullptr;
  }
  // Is there anything in it that somebody else may let run?
  bool loose() const {
    for (const ProcessView& process : processes)
      if (process.state.hold == trace::Hold::kLoose) return true;
    return false;
  }
};

// What is loose and gone meanwhile is left out.
Result<TreeView> look_at(std::vector<trace::ProcessState> processes, pid_t root);

}  // namespace cr::kinds
