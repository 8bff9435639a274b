#include "cr/proc/mountinfo.h"

#include <algorithm>

#include "cr/proc/text.h"

namespace cr::proc {
namespace {

// Exactly one blank separates fields, since a source may be empty ("mount -t tmpfs '' /x").
std::optional<std::string_view> field(Cursor& cursor) {
  const std::string_view rest = cursor.rest();
  const size_t length = std::min(rest.find(' '), rest.size());
  const std::string_view found = rest.substr(0, length);
  if (!cursor.take(found)) return std::nullopt;
  if (!cursor.at_end()) cursor.take(' ');
  return found;
}

bool read_string(Cursor& cursor, std::string& out) {
  if (cursor.at_end()) return false;
  const auto text = field(cursor);
  if (!text || text->empty()) return false;
  out = unescape_octal(*text);
  return true;
}

bool read_numbers(Cursor& cursor, Mount& mount) {
  return cursor.number(mount.id) && cursor.take(' ') && cursor.number(mount.parent) && cursor.take(' ') &&
         cursor.number(mount.dev_major) && cursor.take(':') && cursor.number(mount.dev_minor) &&
         cursor.take(' ');
}

// Any number of words up to a lone "-".
bool read_optional_fields(Cursor& cursor, Mount& mount) {
  while (!cursor.at_end()) {
    const auto text = field(cursor);
    if (text == "-") return true;
    mount.fields.emplace_back(*text);
  }
  return false;
}

Result<Mount> parse_line(std::string_view line) {
  Result<Mount> result;
  Mount& mount = *result;
  Cursor cursor(line);
  if (!read_numbers(cursor, mount)) return unexpected(line, "ID PARENT MAJOR:MINOR");
  if (!read_string(cursor, mount.root)) return unexpected(line, "the root of the mount");
  if (!read_string(cursor, mount.point)) return unexpected(line, "the mount point");
  if (!read_string(cursor, mount.options)) return unexpected(line, "the options of the mount");
  if (!read_optional_fields(cursor, mount)) return unexpected(line, "\" - \" after the optional fields");
  if (!read_string(cursor, mount.fs_type)) return unexpected(line, "the type of the filesystem");
  if (cursor.at_end()) return unexpected(line, "the source of the mount");
  mount.source = unescape_octal(*field(cursor));
  if (cursor.at_end()) return unexpected(line, "the options of the filesystem");
  mount.super_options = unescape_octal(cursor.rest());
  return result;
}

}  // namespace

std::optional<uint32_t> Mount::field_number(std::string_view prefix) const {
  for (const std::string_view text : fields) {
    if (text.starts_with(prefix)) return whole_number<uint32_t>(text.substr(prefix.size()));
  }
  return std::nullopt;
}

Result<std::vector<Mount>> parse_mountinfo(std::string_view text) {
  CR_TRY(check_complete("mountinfo", text));
  std::vector<Mount> mounts;
  Lines lines(text);
  for (std::string_view line; lines.next(line);) {
    mounts.push_back(CR_TRY(parse_line(line), "mountinfo line {}", lines.number()));
  }
  return mounts;
}

}  // namespace cr::proc
