#include "cr/proc/children.h"

#include "cr/proc/text.h"

namespace cr::proc {

Result<std::vector<pid_t>> parse_children(std::string_view text) {
  std::vector<pid_t> pids;
  Cursor cursor(text);
  while (!cursor.at_end()) {
    pid_t pid = 0;
    // A blank follows each pid, the last one too: without it the number may be half of one.
    if (!cursor.number(pid) || pid <= 0 || !cursor.take(' ')) {
      return fail(ErrorKind::kSystem, "children: {}: expected pids, each with a blank after it",
                  quoted(text));
    }
    pids.push_back(pid);
  }
  return pids;
}

}  // namespace cr::proc
