#include "cr/kinds/outsiders.h"

#include <unistd.h>

#include <charconv>

#include "cr/sys/fd.h"

namespace cr::kinds {
namespace {

// /proc has more than processes in it.
Result<std::vector<pid_t>> numbers_in(const std::string& folder) {
  std::vector<pid_t> numbers;
  for (const std::string& name : CR_TRY(sys::list_dir(folder))) {
    pid_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

std::set<pid_t> insiders(const TreeView& tree) {
  std::set<pid_t> pids{::getpid()};
  for (const ProcessView& process : tree.processes) pids.insert(process.pid());
  return pids;
}

Result<std::vector<pid_t>> outsiders(const std::set<pid_t>& known) {
  std::vector<pid_t> pids = CR_TRY(numbers_in("/proc"));
  std::erase_if(pids, [&known](pid_t pid) { return known.contains(pid); });
  return pids;
}

Result<std::vector<pid_t>> threads_of(pid_t pid) { return numbers_in(fmt::format("/proc/{}/task", pid)); }

bool is_gone(const Error& error) { return error.error_number() == ENOENT || error.error_number() == ESRCH; }

}  // namespace cr::kinds
