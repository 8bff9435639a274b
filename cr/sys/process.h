// What one process may learn of another without stopping it.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "cr/base/remote_addr.h"
#include "cr/sys/fd.h"

namespace cr::sys {

// process_vm_readv(2) and process_vm_writev(2): everything or an error.
Result<void> read_memory(pid_t pid, RemoteAddr from, std::span<std::byte> into);
Result<void> write_memory(pid_t pid, RemoteAddr to, std::span<const std::byte> from);

template <typename T>
Result<T> peek(pid_t pid, RemoteAddr from) {
  T value;
  CR_TRY(read_memory(pid, from, std::as_writable_bytes(std::span<T, 1>(&value, 1))));
  return value;
}

struct RobustLists {
  uint64_t head = 0;         // of the 64-bit ABI
  uint64_t compat_head = 0;  // of the 32-bit ABI; a thread may have both
};
Result<RobustLists> get_robust_lists(pid_t tid);

Result<UniqueFd> pidfd_open(pid_t pid);
// A descriptor of ours for the same open file description.
Result<UniqueFd> pidfd_getfd(const UniqueFd& pidfd, int fd);

enum class Shared { kVm, kFiles, kFs, kSighand, kIo, kSysvSem };
// kcmp(2): below 0, 0 (the same object) or above 0, in an order that holds as long as the kernel runs.
Result<int> compare(pid_t a, pid_t b, Shared what);
Result<int> compare_files(pid_t a, int fd_a, pid_t b, int fd_b);

}  // namespace cr::sys
