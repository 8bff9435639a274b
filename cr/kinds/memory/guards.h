// Guard regions (MADV_GUARD_INSTALL) on kernels whose smaps has no flag for them.
#pragma once

#include <optional>
#include <vector>

#include "cr/kinds/collector.h"
#include "cr/kinds/memory/pages.h"
#include "cr/kinds/tree_view.h"

namespace cr::kinds {

class GuardFinder {
 public:
  // Refuses the first one of a process, if smaps does not tell (where it does, describe_mappings() refuses).
  Result<void> look(const ProcessView& process, Collector& collector);

  // The first one of [range.start, range.end) by the page tables. Nothing also where these do not tell:
  // before Linux 6.15.
  static Result<std::optional<PageRange>> first_in(pid_t pid, PageRange range);

 private:
  std::optional<bool> scans_;
};

}  // namespace cr::kinds
