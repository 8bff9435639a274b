// In which fields two records of one kind differ. Knows no kind: the schemas and their policies say all.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "cr/kinds/record_text.h"

namespace cr::engine {

struct Difference {
  std::string where;  // "pid 5 thread 7"
  std::string field;  // "registers.rip", "vmas[0x400000].end"; empty: the whole record
  std::string a, b;   // "absent" where there is none
};

// By which field of its elements a list is matched; null: by their places. In a valid record no two have the
// same.
const google::protobuf::FieldDescriptor* key_of(const google::protobuf::FieldDescriptor& list);

class FieldDiff {
 public:
  // `all`: volatile fields, too.
  explicit FieldDiff(bool all) : all_(all) {}

  // Either may be null, not both. What is found is added to `out`. Requires: they are valid.
  void compare(const std::string& where, const google::protobuf::Message* a,
               const google::protobuf::Message* b, std::vector<Difference>& out) const;

 private:
  class Walk;

  bool all_;
  kinds::RecordText text_;
};

}  // namespace cr::engine
