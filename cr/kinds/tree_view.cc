#include "cr/kinds/tree_view.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cr::kinds {
namespace {

// A process is as wide as the program it executes: only execve(2) decides the word size of an address space.
Result<WordSize> word_size_of(const ProcessView& process) {
  const sys::UniqueFd exe = CR_TRY(sys::open(process.path("exe"), O_RDONLY));
  std::byte ident[EI_NIDENT];
  CR_TRY(sys::pread_fully(exe.get(), ident, 0));
  return ident[EI_CLASS] == std::byte{ELFCLASS32} ? WordSize::k32 : WordSize::k64;
}

// Invalid for a process whose first thread has ended, where the kernel gives none for another thread
// (PIDFD_THREAD, v6.9).
Result<sys::UniqueFd> pidfd_of(const ProcessView& process) {
  constexpr unsigned kPidfdThread = O_EXCL;
  const bool by_thread = process.living_tid() != process.pid();
  const long pidfd = ::syscall(SYS_pidfd_open, process.living_tid(), by_thread ? kPidfdThread : 0);
  if (pidfd < 0 && by_thread) return sys::UniqueFd();
  if (pidfd < 0) return fail_errno("pidfd_open {}", process.pid());
  return sys::UniqueFd(static_cast<int>(pidfd));
}

Result<ProcessView> look_at_one(trace::ProcessState state) {
  ProcessView view;
  view.state = std::move(state);
  // The first thread's also where it has ended: others have no exit signal.
  const std::string stat = fmt::format("/proc/{}/stat", view.pid());
  view.stat = CR_TRY(proc::parse_stat(CR_TRY(sys::read_file(stat))), "{}", stat);
  view.status =
      CR_TRY(proc::parse_status(CR_TRY(sys::read_file(view.path("status")))), "{}", view.path("status"));
  if (view.zombie()) return view;
  view.vmas = CR_TRY(proc::parse_smaps(CR_TRY(sys::read_file(view.path("smaps")))), "{}", view.path("smaps"));
  view.word_size = CR_TRY(word_size_of(view));
  view.pidfd = CR_TRY(pidfd_of(view));
  return view;
}

}  // namespace

Result<TreeView> look_at(std::vector<trace::ProcessState> processes, pid_t root) {
  TreeView tree;
  tree.root = root;
  for (trace::ProcessState& state : processes) {
    const pid_t pid = state.pid;
    const bool loose = state.hold == trace::Hold::kLoose;
    auto seen = look_at_one(std::move(state));
    if (!seen && loose && pid != root) continue;
    tree.processes.push_back(CR_TRY(std::move(seen), "pid {}", pid));
  }
  if (tree.find(root) == nullptr) return fail(ErrorKind::kSystem, "pid {} has ended", root);
  return tree;
}

}  // namespace cr::kinds
