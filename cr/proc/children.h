// /proc/PID/task/TID/children: the pids of what that thread has forked.
#pragma once

#include <sys/types.h>

#include <string_view>
#include <vector>

#include "cr/base/result.h"

namespace cr::proc {

// Complete only while the thread and its children are stopped: the kernel walks a moving list.
Result<std::vector<pid_t>> parse_children(std::string_view text);

}  // namespace cr::proc
