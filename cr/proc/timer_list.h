// /proc/timer_list: the one place that shows when a sleeping task is due, and what time the kernel has.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cr/base/result.h"

namespace cr::proc {

// An active high-resolution timer that wakes a task (function hrtimer_wakeup).
struct SleepTimer {
  uint32_t cpu = 0;
  uint32_t clock_base = 0;      // 0 monotonic, 1 realtime, 2 boottime, 3 TAI; 4 to 7 the same, soft
  uint64_t address = 0;         // of the kernel's struct, hashed or 0: an opaque identity at best
  int64_t soft_expires_ns = 0;  // when it was asked for, on the clock of its base
  int64_t expires_ns = 0;       // the latest: with the timer slack
};

struct TimerList {
  int64_t now_ns = 0;  // CLOCK_MONOTONIC of the kernel, whatever the time namespace
  std::vector<SleepTimer> sleepers;
};

Result<TimerList> parse_timer_list(std::string_view text);

}  // namespace cr::proc
