// Properties that all line-wise parsers share, whatever they parse.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fuzz/fuzz.h"

namespace fuzz {

// The lines of a text with their newlines; a last line without one is kept as it is.
inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const size_t length = newline == std::string_view::npos ? text.size() : newline + 1;
    lines.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return lines;
}

// A file that was read half may end in half a number: whatever ends in the middle of a line must be refused.
template <typename Parser>
void require_cut_text_is_refused(Parser parse, std::string_view accepted) {
  if (accepted.empty()) return;
  FUZZ_REQUIRE(accepted.back() == '\n');
  // Some files hold empty lines, so the newline before the last one may be another end.
  accepted = accepted.substr(0, accepted.find_last_not_of('\n') + 1);
  if (!accepted.empty()) FUZZ_REQUIRE(!parse(accepted).has_value());
}

// One line never changes the meaning of another: line by line gives the same records as all at once.
template <typename Parser, typename Same>
void require_lines_are_independent(Parser parse, std::string_view accepted, Same same) {
  const auto whole = parse(accepted);
  FUZZ_REQUIRE(whole.has_value());
  size_t seen = 0;
  for (const std::string_view line : lines_of(accepted)) {
    const auto alone = parse(line);
    FUZZ_REQUIRE(alone.has_value());
    for (const auto& record : *alone) {
      FUZZ_REQUIRE(seen < whole->size());
      FUZZ_REQUIRE(same((*whole)[seen], record));
      seen++;
    }
  }
  FUZZ_REQUIRE(seen == whole->size());
}

}  // namespace fuzz
