// What the root inherited from outside the tree as stdin, stdout and stderr: the restoring command's own
// stand in for it.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "cr/kinds/files/files.pb.h"
#include "cr/kinds/plan_builder.h"

namespace cr::kinds {

class StandIns {
 public:
  explicit StandIns(const Records& records);

  // Takes over what is used, and says what it must be fit for.
  void plan(PlanBuilder& builder) const;
  // What the descriptor `number` of a task is fetched by, if it leads to this inherited description.
  std::string name_for(const FileDescription& description, uint32_t number) const;

 private:
  uint32_t stand_in(const FileDescription& description, uint32_t number) const;

  const Records& records_;
  std::array<std::optional<uint64_t>, 3> root_;  // the descriptions that its 0, 1 and 2 lead to
};

Result<void> validate_stdio(const FileDescription& description);

}  // namespace cr::kinds
