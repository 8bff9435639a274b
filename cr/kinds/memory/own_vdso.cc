#include "cr/kinds/memory/own_vdso.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "cr/sys/process.h"

namespace cr::kinds {
namespace {

Result<std::vector<proc::SmapsVma>> parts_of(pid_t pid) {
  const std::string path = fmt::format("/proc/{}/smaps", pid);
  std::vector<proc::SmapsVma> parts = CR_TRY(proc::parse_smaps(CR_TRY(sys::read_file(path))), "{}", path);
  std::erase_if(parts, [](const proc::SmapsVma& smaps) { return !is_vdso(smaps.vma); });
  return parts;
}

Result<std::optional<OwnVdso>> vdso_of(pid_t pid) {
  OwnVdso own{CR_TRY(parts_of(pid)), {}};
  for (const proc::SmapsVma& part : own.parts) {
    if (part.vma.path != "[vdso]") continue;
    own.code.resize(part.vma.size());
    CR_TRY(sys::read_memory(pid, {part.vma.start}, own.code));
    return own;
  }
  return std::nullopt;
}

// A process gets one only when it has none. From here on no function may be called that asks for the time.
[[noreturn]] void exchange(const std::vector<proc::SmapsVma>& parts, int done) {
  constexpr long kArchMapVdso32 = 0x2002;  // asm/prctl.h
  // Whoever waits for this process's parent to end is told by a line that closes with the parent alone.
  ::close_range(0, static_cast<unsigned>(done) - 1, 0);
  ::close_range(static_cast<unsigned>(done) + 1, ~0u, 0);
  for (const proc::SmapsVma& part : parts) ::munmap(reinterpret_cast<void*>(part.vma.start), part.vma.size());
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  const bool exchanged = ::syscall(SYS_arch_prctl, kArchMapVdso32, 0) > 0;
  if (exchanged && ::write(done, "d", 1) == 1) ::pause();
  ::_exit(0);
}

// In a process of its own: this one needs what it has.
Result<std::optional<OwnVdso>> vdso_of_32() {
  const auto parts = CR_TRY(parts_of(::getpid()));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail_errno("pipe2");
  const sys::UniqueFd read_end(ends[0]);
  sys::UniqueFd write_end(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("fork");
  if (child == 0) exchange(parts, write_end.get());
  write_end.reset();
  std::byte done{};
  Result<std::optional<OwnVdso>> own = std::nullopt;
  if (sys::read_fully(read_end.get(), {&done, 1})) own = vdso_of(child);
  ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return own;
}

}  // namespace

Result<std::optional<OwnVdso>> own_vdso(WordSize word_size) {
  return word_size == WordSize::k32 ? vdso_of_32() : vdso_of(::getpid());
}

}  // namespace cr::kinds
