// /proc/timer_list: lines about other things may come in anywhere without changing which sleepers are due
// when.
#include "cr/proc/timer_list.h"

#include <string>

#include "fuzz/lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const std::string_view text = fuzz::as_text(data, size);
  const auto timers = cr::proc::parse_timer_list(text);
  if (!timers) return 0;
  fuzz::require_cut_text_is_refused(cr::proc::parse_timer_list, text);

  const auto longer = cr::proc::parse_timer_list(std::string(text) + "\n  .novelty: 7\n");
  FUZZ_REQUIRE(longer.has_value() && longer->size() == timers->size());
  for (size_t i = 0; i < timers->size(); i++) {
    FUZZ_REQUIRE((*longer)[i].expires_ns == (*timers)[i].expires_ns);
    FUZZ_REQUIRE((*longer)[i].cpu == (*timers)[i].cpu && (*longer)[i].clock_base == (*timers)[i].clock_base);
  }
  return 0;
}
