// What the user asked for, and how the work is reported while it goes on.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "cr/base/result.h"

namespace cr::engine {

using Clock = std::chrono::steady_clock;

struct Operation {
  // The whole operation must be done by then, or all is as before (exit code 6).
  std::optional<Clock::time_point> deadline;
  // Called now and then with what is being done; may be empty.
  std::function<void(const std::string& step)> progress;

  void step(const std::string& what) const {
    if (progress) progress(what);
  }
  std::chrono::milliseconds patience(std::chrono::milliseconds at_most) const {
    if (!deadline) return at_most;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - Clock::now());
    return std::max(std::chrono::milliseconds(0), std::min(left, at_most));
  }
  bool late() const { return deadline && Clock::now() >= *deadline; }
  // For work that has not made or stopped anything yet: there is no more to say.
  Result<void> check_time() const {
    if (late()) return fail(ErrorKind::kDeadline, "the deadline has passed");
    return {};
  }
};

}  // namespace cr::engine
