// In which order, by whom, and in which session each task is born, so that every parent, session and group
// comes out as it was.
//
// A child gets its session from whoever forks it. Ordinary children are forked by their parent; a member of a
// session that its parent is not in is forked by the session's leader, either as the leader's sibling
// (CLONE_PARENT) or as an orphan that falls to the nearest child subreaper. A leader that is gone is stood in
// for until all members have joined.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "cr/kinds/records.h"
#include "cr/kinds/task.pb.h"

namespace cr::engine {

struct Birth {
  enum class How {
    kChild,       // by its parent
    kEarlyChild,  // by its parent before that made its own session
    kSibling,     // by `by`, a child of the same parent, with CLONE_PARENT
    kOrphan,      // by a child of `by` that ends at once
  };
  pid_t pid = 0;
  pid_t by = 0;
  How how = How::kChild;
};

// A leader that no longer lives: its number is needed until the members have joined.
struct StandIn {
  pid_t pid = 0;
  pid_t parent = 0;
  bool session = false;  // leads a session; else only a group, within its parent's session
};

struct Births {
  std::map<pid_t, std::vector<Birth>> by;  // in order, per task or stand-in that forks
  std::map<pid_t, StandIn> stand_ins;
  std::set<pid_t> deserters;  // live, but in another group than the one that they made and others are in
};

// Pure. Unsupported if this tree's shape cannot be born; the blockers say which tasks and why.
Result<Births> plan_births(const kinds::Records& records);

// The same blockers alone, for records that may lack more. `not_asked`: tasks of whom nobody knows whether
// they are child subreapers; what hangs on that is left out.
std::vector<Blocker> shape_blockers(const kinds::Records& records, const std::set<pid_t>& not_asked);

}  // namespace cr::engine
