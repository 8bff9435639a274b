// Processes that share what only threads share: with each other, or with somebody outside the tree.
#pragma once

#include "cr/kinds/collector.h"
#include "cr/kinds/tree_view.h"

namespace cr::kinds {

Result<void> look_for_sharing(const TreeView& tree, Collector& collector);

}  // namespace cr::kinds
