// An entry of binfmt_misc: what its magic and offset make up is a file that it matches.
#include "cr/proc/binfmt.h"

#include <string>

#include "fuzz/lines.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxText) return -1;
  const std::string_view text = fuzz::as_text(data, size);
  const auto entry = cr::proc::parse_binfmt_entry(text);
  if (!entry) return 0;
  fuzz::require_cut_text_is_refused(cr::proc::parse_binfmt_entry, text);

  FUZZ_REQUIRE(!entry->interpreter.empty());
  FUZZ_REQUIRE(entry->magic.empty() != entry->extension.empty());
  if (entry->offset > fuzz::kMaxText) return 0;
  const std::string head = std::string(entry->offset, '?') + entry->magic;
  FUZZ_REQUIRE(entry->matches(head) == !entry->magic.empty());
  FUZZ_REQUIRE(!entry->matches(head.substr(0, head.size() / 2)));
  return 0;
}
