// /proc/PID/stat: the one-line summary. Who may not trace the task is shown 0 (or 1) for addresses and
// exit_code.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "cr/base/result.h"

namespace cr::proc {

struct Stat {
  pid_t pid = 0;
  std::string comm;  // may hold blanks, newlines and parentheses; older kernels escape some
  char state = '?';
  pid_t ppid = 0;
  pid_t pgrp = 0;
  pid_t session = 0;
  int32_t tty_nr = 0;  // 0: no controlling terminal
  pid_t tpgid = -1;
  uint32_t flags = 0;  // PF_*
  int64_t priority = 0;
  int64_t nice = 0;
  int64_t num_threads = 0;
  uint64_t starttime = 0;  // clock ticks since boot
  uint64_t start_code = 0;
  uint64_t end_code = 0;
  uint64_t start_stack = 0;
  int32_t exit_signal = 0;
  int32_t processor = 0;
  uint32_t rt_priority = 0;
  uint32_t policy = 0;
  uint64_t start_data = 0;
  uint64_t end_data = 0;
  uint64_t start_brk = 0;
  uint64_t arg_start = 0;
  uint64_t arg_end = 0;
  uint64_t env_start = 0;
  uint64_t env_end = 0;
  int32_t exit_code = 0;  // as wait(2) tells it
};

Result<Stat> parse_stat(std::string_view text);

}  // namespace cr::proc
