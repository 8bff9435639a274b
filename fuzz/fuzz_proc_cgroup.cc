// /proc/PID/cgroup: lines stand alone, and every path is one from the root.
#include "cr/proc/cgroup.h"

#include "fuzz/lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const std::string_view text = fuzz::as_text(data, size);
  const auto entries = cr::proc::parse_cgroup(text);
  if (!entries) return 0;
  fuzz::require_cut_text_is_refused(cr::proc::parse_cgroup, text);
  fuzz::require_lines_are_independent(cr::proc::parse_cgroup, text, [](const auto& a, const auto& b) {
    return a.hierarchy == b.hierarchy && a.controllers == b.controllers && a.path == b.path &&
           a.deleted == b.deleted;
  });
  for (const auto& entry : *entries) FUZZ_REQUIRE(entry.path.starts_with('/'));
  return 0;
}
