#include "cr/proc/cgroup.h"

#include "cr/proc/text.h"

namespace cr::proc {
namespace {

std::vector<std::string> split_controllers(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    names.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return names;
}

Result<CgroupEntry> parse_line(std::string_view line) {
  constexpr std::string_view kDeleted = " (deleted)";
  Result<CgroupEntry> result;
  CgroupEntry& entry = *result;
  Cursor cursor(line);
  if (!cursor.number(entry.hierarchy) || !cursor.take(':')) return unexpected(line, "HIERARCHY:");
  std::string_view rest = cursor.rest();
  // The names of controllers hold no colon; the path may.
  const size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return unexpected(line, "CONTROLLERS:PATH");
  entry.controllers = split_controllers(rest.substr(0, colon));
  rest.remove_prefix(colon + 1);
  if (!rest.starts_with('/')) return unexpected(line, "a path that starts with /");
  if (entry.unified() && rest.ends_with(kDeleted)) {
    entry.deleted = true;
    rest.remove_suffix(kDeleted.size());
  }
  entry.path = rest;
  return result;
}

}  // namespace

Result<std::vector<CgroupEntry>> parse_cgroup(std::string_view text) {
  CR_TRY(check_complete("cgroup", text));
  std::vector<CgroupEntry> entries;
  Lines lines(text);
  for (std::string_view line; lines.next(line);) {
    entries.push_back(CR_TRY(parse_line(line), "cgroup line {}", lines.number()));
  }
  return entries;
}

}  // namespace cr::proc
