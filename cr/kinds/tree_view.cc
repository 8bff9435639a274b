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

Result<ProcessView> look_at_one(trace::ProcessState state) {
  ProcessView view;
  view.state = std::move(state);
  view.stat = CR_TRY(proc::parse_stat(CR_TRY(sys::read_file(view.path("stat")))), "{}", view.path("stat"));
  view.status =
      CR_TRY(proc::parse_status(CR_TRY(sys::read_file(view.path("status")))), "{}", view.path("status"));
  if (view.zombie()) return view;
  view.vmas = CR_TRY(proc::parse_smaps(CR_TRY(sys::read_file(view.path("smaps")))), "{}", view.path("smaps"));
  view.word_size = CR_TRY(word_size_of(view));
  const long pidfd = ::syscall(SYS_pidfd_open, view.pid(), 0);
  if (pidfd < 0) return fail_errno("pidfd_open {}", view.pid());
  view.pidfd = sys::UniqueFd(static_cast<int>(pidfd));
  return view;
}

}  // namespace

Result<TreeView> look_at(std::vector<trace::ProcessState> processes, pid_t root) {
  TreeView tree;
  tree.root = root;
  for (trace::ProcessState& state : processes) {
    const pid_t pid = state.pid;
    tree.processes.push_back(CR_TRY(look_at_one(std::move(state)), "pid {}", pid));
  }
  return tree;
}

}  // namespace cr::kinds
