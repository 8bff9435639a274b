#include "cr/engine/own_vdso.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "cr/proc/maps.h"
#include "cr/sys/process.h"

namespace cr::engine {
namespace {

using Code = std::vector<std::byte>;

Result<std::vector<proc::Vma>> mappings_of(pid_t pid) {
  const std::string path = fmt::format("/proc/{}/maps", pid);
  return CR_TRY(proc::parse_maps(CR_TRY(sys::read_file(path))), "{}", path);
}

Result<std::optional<Code>> vdso_of(pid_t pid) {
  for (const proc::Vma& vma : CR_TRY(mappings_of(pid))) {
    if (vma.path != "[vdso]") continue;
    Code code(vma.size());
    CR_TRY(sys::read_memory(pid, {vma.start}, code));
    return code;
  }
  return std::nullopt;
}

// A process gets one only when it has none. From here on no function may be called that asks for the time.
[[noreturn]] void exchange(const std::vector<proc::Vma>& mappings, int done) {
  constexpr long kArchMapVdso32 = 0x2002;  // asm/prctl.h
  for (const proc::Vma& vma : mappings)
    if (vma.path == "[vdso]" || vma.path.starts_with("[vvar"))
      ::munmap(reinterpret_cast<void*>(vma.start), vma.size());
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  const bool exchanged = ::syscall(SYS_arch_prctl, kArchMapVdso32, 0) > 0;
  if (exchanged && ::write(done, "d", 1) == 1) ::pause();
  ::_exit(0);
}

// In a process of its own: this one needs what it has.
Result<std::optional<Code>> vdso_of_32() {
  const auto mappings = CR_TRY(mappings_of(::getpid()));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail_errno("pipe2");
  const sys::UniqueFd read_end(ends[0]);
  sys::UniqueFd write_end(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("fork");
  if (child == 0) exchange(mappings, write_end.get());
  write_end.reset();
  std::byte done{};
  Result<std::optional<Code>> code = std::nullopt;
  if (sys::read_fully(read_end.get(), {&done, 1})) code = vdso_of(child);
  ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return code;
}

}  // namespace

Result<std::optional<Code>> own_vdso(WordSize word_size) {
  return word_size == WordSize::k32 ? vdso_of_32() : vdso_of(::getpid());
}

}  // namespace cr::engine
