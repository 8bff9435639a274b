#include "cr/kinds/memory/mappers.h"

#include <algorithm>

#include "cr/kinds/outsiders.h"
#include "cr/sys/fd.h"

namespace cr::kinds {
namespace {

// "7f12-7f13 rw-s ...": most lines are of other mappings, and need not be understood.
bool is_shared(std::string_view line) {
  const size_t flags = line.find(' ');
  return line.substr(std::min(flags, line.size())).substr(0, 5).ends_with('s');
}

// Of all threads but those that have ended, the same.
std::string mappings_of(pid_t pid) {
  const auto threads = threads_of(pid);
  if (!threads) return {};
  for (const pid_t tid : *threads) {
    auto text = sys::read_file(fmt::format("/proc/{}/task/{}/maps", pid, tid));
    if (text && !text->empty()) return std::move(*text);
  }
  return {};
}

}  // namespace

Result<std::map<SharedObjects::Key, pid_t>> other_mappers(const std::set<SharedObjects::Key>& objects,
                                                          const std::set<pid_t>& known) {
  std::map<SharedObjects::Key, pid_t> found;
  if (objects.empty()) return found;
  for (const pid_t pid : CR_TRY(outsiders(known))) {
    const std::string text = mappings_of(pid);
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      const std::string_view line(text.data() + at, end - at);
      at = end + 1;
      if (!is_shared(line)) continue;
      const auto vma = proc::parse_maps_line(line);
      if (vma && objects.contains(SharedObjects::key_of(*vma)))
        found.emplace(SharedObjects::key_of(*vma), pid);
    }
  }
  return found;
}

}  // namespace cr::kinds
