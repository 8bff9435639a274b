#include "cr/engine/births.h"

#include <algorithm>

namespace cr::engine {

using kinds::Task;

namespace {

class Planner {
 public:
  explicit Planner(const kinds::Records& records, std::set<pid_t> not_asked = {})
      : not_asked_(std::move(not_asked)) {
    for (const Task* task : records.all<Task>(kinds::kTaskRecord)) tasks_[task->pid()] = task;
  }

  // The births, and all that stands in their way.
  Births plan() {
    for (const auto& [pid, task] : tasks_) {
      if (task->parent() != 0) note(pid, bear(*task));
      note(pid, find_group(*task));
    }
    std::set<pid_t> lasting_groups;
    for (const auto& [pid, task] : tasks_)
      if (task->pgid() != 0 && !births_.deserters.contains(pid)) lasting_groups.insert(task->pgid());
    for (const pid_t pid : births_.deserters) note(pid, find_company(*tasks_.at(pid), lasting_groups));
    return std::move(births_);
  }
  std::vector<Blocker> take_blockers() { return std::move(blockers_); }

  // Is everybody's parent there? A task that vanished while it was looked at leaves a hole.
  bool complete() const {
    return std::ranges::all_of(tasks_, [this](const auto& entry) {
      const pid_t parent = entry.second->parent();
      return parent == 0 || tasks_.contains(parent);
    });
  }

 private:
  void note(pid_t pid, const Result<void>& verdict) {
    if (!verdict) blockers_.push_back({pid, "tree-shape", "task", verdict.error().message()});
  }

  Result<void> bear(const Task& task) {
    const Task& parent = *tasks_.at(task.parent());
    if (task.sid() == task.pid() || task.sid() == parent.sid()) {
      add(task, parent.pid(), Birth::How::kChild);
    } else if (parent.sid() == parent.pid() && task.sid() == session_at_birth(parent)) {
      add(task, parent.pid(), Birth::How::kEarlyChild);
    } else if (task.sid() == 0) {
      return fail(ErrorKind::kUnsupported, "it is in a session from outside the tree, its parent is not");
    } else {
      return bear_by_leader(task, parent);
    }
    return {};
  }

  // A leader is always forked by its parent, after that has made its own session.
  pid_t session_at_birth(const Task& leader) const {
    return leader.parent() == 0 ? 0 : tasks_.at(leader.parent())->sid();
  }

  Result<void> bear_by_leader(const Task& task, const Task& parent) {
    const pid_t leader = task.sid();
    pid_t leaders_parent;
    if (const auto alive = tasks_.find(leader); alive != tasks_.end()) {
      leaders_parent = alive->second->parent();
    } else {
      StandIn& stand_in = births_.stand_ins[leader];
      if (stand_in.pid == 0) stand_in = {leader, parent.pid(), true};
      stand_in.session = true;
      leaders_parent = stand_in.parent;
    }
    if (leaders_parent == parent.pid()) {
      add(task, leader, Birth::How::kSibling);
      return {};
    }
    if (nearest_subreaper(leaders_parent) != parent.pid()) {
      if (somebody_was_not_asked(leaders_parent)) return {};
      return fail(ErrorKind::kUnsupported,
                  "its session {} was made by a task that is neither its parent's child nor below a child "
                  "subreaper that is its parent",
                  leader);
    }
    add(task, leader, Birth::How::kOrphan);
    return {};
  }

  // To whom an orphan falls that was forked by a child of `pid`. Remembered for all on the way: there may be
  // many orphans in a deep tree.
  pid_t nearest_subreaper(pid_t pid) {
    std::vector<pid_t> on_the_way;
    pid_t found = 0;
    for (; pid != 0; pid = tasks_.at(pid)->parent()) {
      const auto known = subreapers_.find(pid);
      if (known != subreapers_.end() || tasks_.at(pid)->child_subreaper()) {
        found = known != subreapers_.end() ? known->second : pid;
        break;
      }
      on_the_way.push_back(pid);
    }
    for (const pid_t below : on_the_way) subreapers_[below] = found;
    return found;
  }

  bool somebody_was_not_asked(pid_t pid) const {
    for (; pid != 0; pid = tasks_.at(pid)->parent())
      if (not_asked_.contains(pid)) return true;
    return false;
  }

  Result<void> find_group(const Task& task) {
    const pid_t group = task.pgid();
    if (group == 0) {
      const bool outside = task.parent() == 0 || tasks_.at(task.parent())->pgid() == 0;
      if (!outside)
        return fail(ErrorKind::kUnsupported,
                    "it is in a process group from outside the tree, its parent is not");
      return {};
    }
    if (tasks_.contains(group)) {
      if (tasks_.at(group)->pgid() != group) births_.deserters.insert(group);
      return {};
    }
    if (births_.stand_ins.contains(group)) return {};
    // The first member forks the stand-in: it is in the right session.
    if (task.zombie()) {
      const auto other = tasks_.find(task.parent());
      if (other == tasks_.end() || other->second->sid() != task.sid())
        return fail(ErrorKind::kUnsupported, "a zombie in a group whose leader is gone");
      births_.stand_ins[group] = {group, task.parent(), false};
      return {};
    }
    births_.stand_ins[group] = {group, task.pid(), false};
    return {};
  }

  // A deserter goes over when all others are in their groups: by then its own must be one that exists, and
  // neither a stand-in nor another deserter keeps a group alive for long enough.
  Result<void> find_company(const Task& deserter, const std::set<pid_t>& lasting_groups) const {
    if (lasting_groups.contains(deserter.pgid())) return {};
    return fail(ErrorKind::kUnsupported,
                "it made process group {} and left it for one that has no other member to find it by",
                deserter.pid());
  }

  void add(const Task& task, pid_t by, Birth::How how) { births_.by[by].push_back({task.pid(), by, how}); }

  std::set<pid_t> not_asked_;
  std::map<pid_t, const Task*> tasks_;
  std::map<pid_t, pid_t> subreapers_;  // of whose children would be orphans
  Births births_;
  std::vector<Blocker> blockers_;
};

}  // namespace

Result<Births> plan_births(const kinds::Records& records) {
  Planner planner(records);
  Births births = planner.plan();
  std::vector<Blocker> blockers = planner.take_blockers();
  if (!blockers.empty()) return Failure(Error::unsupported(std::move(blockers)));
  return births;
}

std::vector<Blocker> shape_blockers(const kinds::Records& records, const std::set<pid_t>& not_asked) {
  Planner planner(records, not_asked);
  if (!planner.complete()) return {};
  planner.plan();
  return planner.take_blockers();
}

}  // namespace cr::engine
