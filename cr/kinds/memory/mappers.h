// Who else maps shared anonymous memory: a look through the mappings of all processes outside the tree.
#pragma once

#include <map>
#include <set>

#include "cr/kinds/memory/mappings.h"

namespace cr::kinds {

// Of `objects`, those that a process not among `known` maps, and a process that does. Sees who is in /proc
// and may be looked at; shared anonymous memory is inherited, so mostly by who may be looked at like the
// tree.
Result<std::map<SharedObjects::Key, pid_t>> other_mappers(const std::set<SharedObjects::Key>& objects,
                                                          const std::set<pid_t>& known);

}  // namespace cr::kinds
