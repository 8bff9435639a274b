// Two images of one tree, or of what should be alike: what one holds and the other does not.
#pragma once

#include "cr/engine/field_diff.h"
#include "cr/engine/page_diff.h"

namespace cr::engine {

struct Comparison {
  std::vector<Difference> fields;
  std::vector<PageDifference> pages;

  bool same() const { return fields.empty() && pages.empty(); }
};

// Records are matched by type and id, their fields compared by their policies (`all`: volatile ones, too),
// memory by the content of its pages.
Result<Comparison> diff(const Loaded& a, const Loaded& b, bool all, const Operation& operation = {});

// "pid 5 thread 7", "pid 5 address space", "pipe 9".
std::string name_of_record(const google::protobuf::Message& record, uint64_t id);

}  // namespace cr::engine
