#include "cr/kinds/kinds.h"
#include "cr/kinds/origin.pb.h"

namespace cr::kinds {

const std::vector<std::unique_ptr<Kind>>& all_kinds() {
  static const auto kinds = [] {
    std::vector<std::unique_ptr<Kind>> list;
    list.push_back(task_kind());
    list.push_back(memory_kind());
    list.push_back(files_kind());
    list.push_back(attributes_kind());
    list.push_back(membarrier_kind());
    list.push_back(thread_kind());
    list.push_back(signals_kind());
    list.push_back(refusals_kind());
    return list;
  }();
  return kinds;
}

const google::protobuf::Message* prototype_of(uint32_t type) {
  if (type == kOriginRecord) return &Origin::default_instance();
  for (const auto& kind : all_kinds())
    for (const Schema& schema : kind->schemas())
      if (schema.type == type) return schema.prototype;
  return nullptr;
}

}  // namespace cr::kinds
