// /proc/PID/syscall: what a blocked task waits in.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "cr/base/result.h"

namespace cr::proc {

struct SyscallInfo {
  enum class Where : uint8_t {
    kRunning,  // on a CPU or ready to be: the kernel cannot tell
    kOutside,  // blocked, but not in a system call (page fault, stop on the way out)
    kSystemCall,
  };

  Where where = Where::kRunning;
  int64_t nr = -1;  // the number in the ABI the call was made with
  std::array<uint64_t, 6> args{};
  uint64_t sp = 0;
  uint64_t pc = 0;
};

Result<SyscallInfo> parse_syscall(std::string_view text);

}  // namespace cr::proc
