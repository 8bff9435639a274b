// Who is not of the tree: whoever else /proc shows.
#pragma once

#include <sys/types.h>

#include <set>
#include <vector>

#include "cr/base/result.h"
#include "cr/kinds/tree_view.h"

namespace cr::kinds {

// The processes of the tree, and this command: it has duplicates of all of the tree's descriptors.
std::set<pid_t> insiders(const TreeView& tree);

// All processes that are not among `known`. Who lives in another pid namespace is not seen.
Result<std::vector<pid_t>> outsiders(const std::set<pid_t>& known);

Result<std::vector<pid_t>> threads_of(pid_t pid);

// What vanishes while it is looked at has nothing.
bool is_gone(const Error& error);

}  // namespace cr::kinds
