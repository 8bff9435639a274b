// /proc/PID/timers: the POSIX timers a process has made with timer_create(2).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "cr/base/result.h"

namespace cr::proc {

struct PosixTimer {
  int32_t id = 0;
  int32_t signal = 0;      // sigev_signo
  uint64_t sigval = 0;     // sigev_value
  int32_t notify = 0;      // SIGEV_SIGNAL, SIGEV_NONE or SIGEV_THREAD, without SIGEV_THREAD_ID
  bool to_thread = false;  // SIGEV_THREAD_ID: the signal goes to one thread
  pid_t target = 0;        // process or thread, as the reader's pid namespace numbers it
  int32_t clock_id = 0;
};

Result<std::vector<PosixTimer>> parse_timers(std::string_view text);

}  // namespace cr::proc
