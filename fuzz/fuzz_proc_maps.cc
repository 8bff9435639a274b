// /proc/PID/maps: lines stand alone, cut text is refused, and a record says the same as its line.
#include "cr/proc/maps.h"

#include <fmt/format.h>

#include "fuzz/lines.h"

namespace {

using cr::proc::Vma;

bool same(const Vma& a, const Vma& b) {
  return a.start == b.start && a.end == b.end && a.offset == b.offset && a.inode == b.inode &&
         a.dev_major == b.dev_major && a.dev_minor == b.dev_minor && a.path == b.path && a.raw == b.raw &&
         a.deleted == b.deleted && a.read == b.read && a.write == b.write && a.exec == b.exec &&
         a.shared == b.shared;
}

std::string line_of(const Vma& vma) {
  return fmt::format("{:x}-{:x} {}{}{}{} {:08x} {:02x}:{:02x} {} {}\n", vma.start, vma.end,
                     vma.read ? 'r' : '-', vma.write ? 'w' : '-', vma.exec ? 'x' : '-',
                     vma.shared ? 's' : 'p', vma.offset, vma.dev_major, vma.dev_minor, vma.inode,
                     vma.raw_name());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const std::string_view text = fuzz::as_text(data, size);
  const auto vmas = cr::proc::parse_maps(text);
  if (!vmas) return 0;
  fuzz::require_cut_text_is_refused(cr::proc::parse_maps, text);
  for (const Vma& vma : *vmas) {
    const auto again = cr::proc::parse_maps(line_of(vma));
    FUZZ_REQUIRE(again.has_value() && again->size() == 1);
    FUZZ_REQUIRE(same(again->front(), vma));
    FUZZ_REQUIRE(vma.start < vma.end);
  }
  return 0;
}
