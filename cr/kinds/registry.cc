#include "cr/kinds/kinds.h"

namespace cr::kinds {

const std::vector<std::unique_ptr<Kind>>& all_kinds() {
  static const auto kinds = [] {
    std::vector<std::unique_ptr<Kind>> list;
    list.push_back(task_kind());
    list.push_back(memory_kind());
    list.push_back(files_kind());
    list.push_back(attributes_kind());
    list.push_back(thread_kind());
    list.push_back(signals_kind());
    list.push_back(refusals_kind());
    return list;
  }();
  return kinds;
}

}  // namespace cr::kinds
