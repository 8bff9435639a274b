#include "cr/proc/binfmt.h"

#include "cr/proc/text.h"

namespace cr::proc {
namespace {

Result<std::string> unhex(std::string_view digits) {
  std::string bytes;
  for (; digits.size() >= 2; digits.remove_prefix(2)) {
    const auto byte = whole_number<uint8_t>(digits.substr(0, 2), 16);
    if (!byte) return unexpected(digits, "two hexadecimal digits");
    bytes.push_back(static_cast<char>(*byte));
  }
  if (!digits.empty()) return unexpected(digits, "two hexadecimal digits");
  return bytes;
}

Result<void> parse_line(std::string_view line, BinfmtEntry& entry) {
  Cursor cursor(line);
  if (cursor.take("interpreter ")) {
    entry.interpreter = cursor.rest();
  } else if (cursor.take("flags: ")) {
    entry.flags = cursor.rest();
  } else if (cursor.take("extension ")) {
    entry.extension = cursor.rest();
  } else if (cursor.take("offset ")) {
    if (!cursor.number(entry.offset) || !cursor.at_end()) return unexpected(line, "offset NUMBER");
  } else if (cursor.take("magic ")) {
    entry.magic = CR_TRY(unhex(cursor.rest()));
  } else if (cursor.take("mask ")) {
    entry.mask = CR_TRY(unhex(cursor.rest()));
  }
  return {};
}

}  // namespace

bool BinfmtEntry::matches(std::string_view head) const {
  if (magic.empty() || head.size() < offset || head.size() - offset < magic.size()) return false;
  for (size_t i = 0; i < magic.size(); ++i) {
    const int care = mask.empty() ? 0xff : mask[i];
    if (((magic[i] ^ head[offset + i]) & care) != 0) return false;
  }
  return true;
}

Result<BinfmtEntry> parse_binfmt_entry(std::string_view text) {
  CR_TRY(check_complete("binfmt entry", text));
  BinfmtEntry entry;
  Lines lines(text);
  std::string_view line;
  if (!lines.next(line) || (line != "enabled" && line != "disabled"))
    return unexpected(line, "enabled or disabled");
  entry.enabled = line == "enabled";
  while (lines.next(line)) CR_TRY(parse_line(line, entry), "binfmt entry line {}", lines.number());
  if (entry.interpreter.empty()) return unexpected(text, "an interpreter");
  if (entry.magic.empty() == entry.extension.empty()) return unexpected(text, "either magic or extension");
  if (!entry.mask.empty() && entry.mask.size() != entry.magic.size())
    return unexpected(text, "a mask as long as the magic");
  return entry;
}

}  // namespace cr::proc
