// /proc/timer_list: lines about other things may come in anywhere without changing which sleepers are due
// when.
#include "cr/proc/timer_list.h"

#include <string>

#include "fuzz/lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const std::string_view text = fuzz::as_text(data, size);
  const auto list = cr::proc::parse_timer_list(text);
  if (!list) return 0;
  fuzz::require_cut_text_is_refused(cr::proc::parse_timer_list, text);

  const auto longer = cr::proc::parse_timer_list(std::string(text) + "\n  .novelty: 7\n");
  FUZZ_REQUIRE(longer.has_value() && longer->now_ns == list->now_ns);
  const auto &sleepers = list->sleepers, &others = longer->sleepers;
  FUZZ_REQUIRE(others.size() == sleepers.size());
  for (size_t i = 0; i < sleepers.size(); i++) {
    FUZZ_REQUIRE(others[i].expires_ns == sleepers[i].expires_ns);
    FUZZ_REQUIRE(others[i].cpu == sleepers[i].cpu && others[i].clock_base == sleepers[i].clock_base);
  }
  return 0;
}
