// /proc/PID/mountinfo: lines stand alone, and escaped names come out as they went in.
#include "cr/proc/mountinfo.h"

#include "fuzz/lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const std::string_view text = fuzz::as_text(data, size);
  const auto mounts = cr::proc::parse_mountinfo(text);
  if (!mounts) return 0;
  fuzz::require_cut_text_is_refused(cr::proc::parse_mountinfo, text);
  fuzz::require_lines_are_independent(cr::proc::parse_mountinfo, text, [](const auto& a, const auto& b) {
    return a.id == b.id && a.parent == b.parent && a.root == b.root && a.point == b.point &&
           a.fields == b.fields && a.fs_type == b.fs_type && a.source == b.source &&
           a.super_options == b.super_options;
  });
  for (const auto& mount : *mounts) FUZZ_REQUIRE(!mount.root.empty() && !mount.point.empty());
  return 0;
}
