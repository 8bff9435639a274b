#include "cr/sys/process.h"

#include <linux/kcmp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cr/sys/cpu.h"

namespace cr::sys {
namespace {

constexpr long kGetRobustListOf32 = 312;

// kcmp tells 0 equal, 1 less, 2 greater, 3 unordered.
Result<int> ordered(long result, const char* what, pid_t a, pid_t b) {
  if (result < 0) return fail_errno("kcmp {} of {} and {}", what, a, b);
  if (result == 3) return fail(ErrorKind::kSystem, "kcmp {} of {} and {}: no order", what, a, b);
  return result == 0 ? 0 : result == 1 ? -1 : 1;
}

// The 32-bit ABI's call, made from 64-bit code: it keeps a list head of its own per thread.
long robust_list_of_32(pid_t tid, uint32_t head_at, uint32_t length_at) {
  long result = kGetRobustListOf32;
  __asm__ volatile("int $0x80"
                   : "+a"(result)
                   : "b"(tid), "c"(head_at), "d"(length_at)
                   : "memory", "r8", "r9", "r10", "r11");
  return static_cast<int32_t>(result);
}

}  // namespace

Result<void> read_memory(pid_t pid, RemoteAddr from, std::span<std::byte> into) {
  while (!into.empty()) {
    iovec local{into.data(), into.size()};
    iovec remote{reinterpret_cast<void*>(from.value), into.size()};
    const ssize_t got = ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
    if (got <= 0) return fail_errno("read {} bytes at {:#x} of pid {}", into.size(), from.value, pid);
    into = into.subspan(static_cast<size_t>(got));
    from = from + static_cast<uint64_t>(got);
  }
  return {};
}

Result<void> write_memory(pid_t pid, RemoteAddr to, std::span<const std::byte> from) {
  while (!from.empty()) {
    iovec local{const_cast<std::byte*>(from.data()), from.size()};
    iovec remote{reinterpret_cast<void*>(to.value), from.size()};
    const ssize_t put = ::process_vm_writev(pid, &local, 1, &remote, 1, 0);
    if (put <= 0) return fail_errno("write {} bytes at {:#x} of pid {}", from.size(), to.value, pid);
    from = from.subspan(static_cast<size_t>(put));
    to = to + static_cast<uint64_t>(put);
  }
  return {};
}

Result<RobustLists> get_robust_lists(pid_t tid) {
  RobustLists lists;
  size_t length = 0;
  if (::syscall(SYS_get_robust_list, tid, &lists.head, &length) < 0)
    return fail_errno("get_robust_list of thread {}", tid);
  if (!CR_TRY(takes_32bit_calls())) return lists;
  void* low = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) return fail_errno("mmap below 4 GiB");
  auto* words = static_cast<uint32_t*>(low);
  const auto at = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(low));
  const long result = robust_list_of_32(tid, at, at + 4);
  if (result == 0) lists.compat_head = words[0];
  ::munmap(low, 4096);
  if (result < 0)
    return Failure(
        Error::system(static_cast<int>(-result), fmt::format("32-bit get_robust_list of thread {}", tid)));
  return lists;
}

Result<UniqueFd> pidfd_open(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return fail_errno("pidfd_open {}", pid);
  return UniqueFd(static_cast<int>(fd));
}

Result<UniqueFd> pidfd_getfd(const UniqueFd& pidfd, int fd) {
  const long got = ::syscall(SYS_pidfd_getfd, pidfd.get(), fd, 0);
  if (got < 0) return fail_errno("pidfd_getfd {}", fd);
  return UniqueFd(static_cast<int>(got));
}

Result<int> compare(pid_t a, pid_t b, Shared what) {
  static constexpr struct {
    int type;
    const char* name;
  } kTypes[] = {{KCMP_VM, "KCMP_VM"},           {KCMP_FILES, "KCMP_FILES"}, {KCMP_FS, "KCMP_FS"},
                {KCMP_SIGHAND, "KCMP_SIGHAND"}, {KCMP_IO, "KCMP_IO"},       {KCMP_SYSVSEM, "KCMP_SYSVSEM"}};
  const auto& type = kTypes[static_cast<int>(what)];
  return ordered(::syscall(SYS_kcmp, a, b, type.type, 0, 0), type.name, a, b);
}

Result<int> compare_files(pid_t a, int fd_a, pid_t b, int fd_b) {
  return ordered(::syscall(SYS_kcmp, a, b, KCMP_FILE, fd_a, fd_b), "KCMP_FILE", a, b);
}

}  // namespace cr::sys
