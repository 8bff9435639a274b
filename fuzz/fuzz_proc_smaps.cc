// /proc/PID/smaps: the first lines of its blocks are exactly what the parser of maps makes of them.
#include "cr/proc/smaps.h"

#include "fuzz/lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const std::string_view text = fuzz::as_text(data, size);
  const auto blocks = cr::proc::parse_smaps(text);
  if (!blocks) return 0;
  fuzz::require_cut_text_is_refused(cr::proc::parse_smaps, text);

  std::string heads;
  for (const std::string_view line : fuzz::lines_of(text)) {
    if (cr::proc::parse_maps(line).has_value() && line != "\n") heads += line;
  }
  const auto vmas = cr::proc::parse_maps(heads);
  FUZZ_REQUIRE(vmas.has_value() && vmas->size() == blocks->size());
  for (size_t i = 0; i < vmas->size(); i++) {
    FUZZ_REQUIRE((*vmas)[i].start == (*blocks)[i].vma.start && (*vmas)[i].end == (*blocks)[i].vma.end);
    FUZZ_REQUIRE((*vmas)[i].raw_name() == (*blocks)[i].vma.raw_name());
  }
  return 0;
}
