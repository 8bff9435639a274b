// /proc/PID/fdinfo/FD: every line is accounted for, as a field, a lock or an extra line that can be found
// again.
#include "cr/proc/fdinfo.h"

#include "fuzz/lines.h"

namespace {

bool is_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const std::string_view text = fuzz::as_text(data, size);
  const auto info = cr::proc::parse_fdinfo(text);
  if (!info) return 0;
  fuzz::require_cut_text_is_refused(cr::proc::parse_fdinfo, text);

  constexpr size_t kHead = 3;  // pos, flags, mnt_id
  const size_t told = kHead + (info->ino ? 1 : 0) + info->locks.size() + info->extra.size();
  FUZZ_REQUIRE(fuzz::lines_of(text).size() == told);
  for (const auto& entry : info->extra) {
    FUZZ_REQUIRE(info->find(entry.key).has_value());
    (void)info->number(entry.key, 16);
    for (const auto& pair : cr::proc::split_pairs(entry.line)) {
      FUZZ_REQUIRE(is_within(pair.name, entry.line) && is_within(pair.value, entry.line));
    }
  }
  return 0;
}
