// /proc/PID/timers: a file twice is each of its timers twice.
#include "cr/proc/timers.h"

#include <string>

#include "fuzz/lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const std::string_view text = fuzz::as_text(data, size);
  const auto timers = cr::proc::parse_timers(text);
  if (!timers) return 0;
  fuzz::require_cut_text_is_refused(cr::proc::parse_timers, text);

  const auto twice = cr::proc::parse_timers(std::string(text) + std::string(text));
  FUZZ_REQUIRE(twice.has_value() && twice->size() == 2 * timers->size());
  for (size_t i = 0; i < twice->size(); i++) {
    const auto& once = (*timers)[i % timers->size()];
    FUZZ_REQUIRE((*twice)[i].id == once.id && (*twice)[i].signal == once.signal);
    FUZZ_REQUIRE((*twice)[i].sigval == once.sigval && (*twice)[i].clock_id == once.clock_id);
    FUZZ_REQUIRE((*twice)[i].target == once.target && (*twice)[i].notify == once.notify);
  }
  return 0;
}
