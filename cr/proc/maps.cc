#include "cr/proc/maps.h"

#include "cr/proc/text.h"

namespace cr::proc {
namespace {

constexpr std::string_view kDeleted = " (deleted)";
constexpr std::string_view kNewline = "\\012";

bool permission(char shown, char set, bool& out) {
  out = shown == set;
  return out || shown == '-';
}

bool permissions(Cursor& cursor, Vma& vma) {
  const std::string_view text = cursor.rest().substr(0, 4);
  if (text.size() < 4 || !permission(text[0], 'r', vma.read) || !permission(text[1], 'w', vma.write) ||
      !permission(text[2], 'x', vma.exec) || (text[3] != 's' && text[3] != 'p')) {
    return false;
  }
  vma.shared = text[3] == 's';
  return cursor.take(text);
}

// The kernel escapes the newline here and nothing else, not even the backslash.
std::string unescape_newline(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  for (size_t escape; (escape = name.find(kNewline)) != std::string_view::npos;) {
    out += name.substr(0, escape);
    out += '\n';
    name.remove_prefix(escape + kNewline.size());
  }
  out += name;
  return out;
}

void set_name(std::string_view name, Vma& vma) {
  const bool made_up = name.starts_with('[');
  const bool deleted = !made_up && name.ends_with(kDeleted);
  if (made_up || (!deleted && name.find(kNewline) == std::string_view::npos)) {
    vma.path = name;
    return;
  }
  vma.raw = name;
  vma.deleted = deleted;
  vma.path = unescape_newline(deleted ? name.substr(0, name.size() - kDeleted.size()) : name);
}

}  // namespace

std::string_view Vma::anon_name() const {
  std::string_view name = path;
  if (!name.ends_with(']')) return {};
  for (const std::string_view prefix : {"[anon:", "[anon_shmem:"}) {
    if (name.starts_with(prefix)) return name.substr(prefix.size(), name.size() - prefix.size() - 1);
  }
  return {};
}

bool begins_mapping(std::string_view line) {
  return !line.empty() && ((line[0] >= '0' && line[0] <= '9') || (line[0] >= 'a' && line[0] <= 'f'));
}

Result<Vma> parse_maps_line(std::string_view line) {
  if (!begins_mapping(line)) return unexpected(line, "START-END in hexadecimal");
  Result<Vma> result;
  Vma& vma = *result;
  Cursor cursor(line);
  if (!cursor.number(vma.start, 16) || !cursor.take('-') || !cursor.number(vma.end, 16) ||
      !cursor.take(' ')) {
    return unexpected(line, "START-END in hexadecimal");
  }
  if (vma.start >= vma.end) return unexpected(line, "an end above the start");
  if (!permissions(cursor, vma) || !cursor.take(' ')) return unexpected(line, "permissions such as \"r-xp\"");
  if (!cursor.number(vma.offset, 16) || !cursor.take(' ')) return unexpected(line, "a hexadecimal offset");
  if (!cursor.number(vma.dev_major, 16) || !cursor.take(':') || !cursor.number(vma.dev_minor, 16) ||
      !cursor.take(' ')) {
    return unexpected(line, "a device as MAJOR:MINOR");
  }
  // A blank follows the inode even where no name does.
  if (!cursor.number(vma.inode) || !cursor.take(' ')) return unexpected(line, "a decimal inode number");
  cursor.blanks();
  set_name(cursor.rest(), vma);
  return result;
}

Result<std::vector<Vma>> parse_maps(std::string_view text) {
  CR_TRY(check_complete("maps", text));
  std::vector<Vma> vmas;
  Lines lines(text);
  for (std::string_view line; lines.next(line);) {
    vmas.push_back(CR_TRY(parse_maps_line(line), "maps line {}", lines.number()));
  }
  return vmas;
}

}  // namespace cr::proc
