// /proc/PID/uid_map: lines stand alone.
#include "cr/proc/id_map.h"

#include "fuzz/lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const std::string_view text = fuzz::as_text(data, size);
  const auto ranges = cr::proc::parse_id_map(text);
  if (!ranges) return 0;
  fuzz::require_cut_text_is_refused(cr::proc::parse_id_map, text);
  fuzz::require_lines_are_independent(cr::proc::parse_id_map, text,
                                      [](const auto& a, const auto& b) { return a == b; });
  return 0;
}
