// /proc/PID/stat: no name that a task gives itself changes what the rest of the line means.
#include "cr/proc/stat.h"

#include <string>

#include "fuzz/lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const std::string_view text = fuzz::as_text(data, size);
  const auto stat = cr::proc::parse_stat(text);
  if (!stat) return 0;
  fuzz::require_cut_text_is_refused(cr::proc::parse_stat, text);

  const size_t open = text.find('(') + 1;
  FUZZ_REQUIRE(text.substr(open, stat->comm.size()) == stat->comm);
  for (const std::string_view name : {"x", "", ")", ") R 1 2", "a\nb) Z (", "((("}) {
    std::string renamed(text);
    renamed.replace(open, stat->comm.size(), name);
    const auto other = cr::proc::parse_stat(renamed);
    FUZZ_REQUIRE(other.has_value() && other->comm == name);
    FUZZ_REQUIRE(other->pid == stat->pid && other->state == stat->state && other->ppid == stat->ppid);
    FUZZ_REQUIRE(other->starttime == stat->starttime && other->exit_code == stat->exit_code);
  }
  return 0;
}
