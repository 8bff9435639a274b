// The tree itself: ids, groups, sessions, zombies. How it is born again is the engine's business
// (engine/births.h).
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <csignal>
#include <map>

#include "cr/kinds/kinds.h"
#include "cr/kinds/limits.h"
#include "cr/kinds/task.pb.h"

namespace cr::kinds {
namespace {

constexpr uint32_t kCoreDumped = 0x80;

class TaskKind : public Kind {
 public:
  std::string_view name() const override { return "task"; }
  std::vector<Schema> schemas() const override { return {{kTaskRecord, &Task::default_instance()}}; }
  Result<void> collect(const TreeView& tree, Collector& collector) const override;
  Result<void> validate(const Records& records) const override;
};

Result<void> TaskKind::collect(const TreeView& tree, Collector& collector) const {
  const ProcessView& root = *tree.find(tree.root);
  // A job of some shell: its session, and perhaps its group, belong to the world outside.
  const pid_t outside_session = root.stat.session != tree.root ? root.stat.session : 0;
  const pid_t outside_group =
      root.stat.pgrp != tree.root && tree.find(root.stat.pgrp) == nullptr ? root.stat.pgrp : 0;
  for (const ProcessView& process : tree.processes) {
    const pid_t pid = process.pid();
    Task& task = collector.records.add<Task>(kTaskRecord, static_cast<uint64_t>(pid));
    task.set_pid(pid);
    task.set_parent(pid == tree.root ? 0 : process.state.parent);
    task.set_sid(process.stat.session == outside_session ? 0 : process.stat.session);
    task.set_pgid(process.stat.pgrp == outside_group ? 0 : process.stat.pgrp);
    task.set_zombie(process.zombie());
    if (process.stat.exit_signal != SIGCHLD && pid != tree.root) {
      collector.refuse(
          pid, "exit-signal", "task",
          fmt::format("tells its parent of its end by signal {}, not by SIGCHLD", process.stat.exit_signal));
    }
    if (process.stat.session == 0 || process.stat.pgrp == 0) {
      collector.refuse(pid, "session", "task", "its session or group was made outside this pid namespace");
    }
    if (process.zombie()) {
      const auto status = static_cast<uint32_t>(process.stat.exit_code);
      task.set_wait_status(status);
      task.set_name(process.status.name);
      if ((status & kCoreDumped) != 0)
        collector.refuse(pid, "zombie-core", "task",
                         "a zombie whose status says that it dumped core; reap it first");
      continue;
    }
    task.set_word_size(static_cast<uint32_t>(process.word_size));
    for (const auto& thread : process.state.threads) task.add_tids(thread.tid);

    exec::ListBuilder& agent = collector.agent(pid, pid);
    const exec::Data answer = agent.reserve(4);
    agent.syscall(exec::Abi::k64, SYS_prctl, {PR_GET_CHILD_SUBREAPER, answer, 0, 0, 0})
        .because("PR_GET_CHILD_SUBREAPER");
    collector.when_answered(pid, [&task, answer](const Answers& answers) -> Result<void> {
      task.set_child_subreaper(answers.data<int32_t>(answer) != 0);
      return {};
    });
  }
  return {};
}

// What wait(2) can tell of an end without a core dump: an exit code, or a signal that ends a process unless
// it is handled.
bool possible_end(uint32_t status) {
  if ((status & 0xff) == 0) return status <= 0xff00;
  constexpr uint32_t kHarmless[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
  return status < static_cast<uint32_t>(NSIG) && std::ranges::find(kHarmless, status) == std::end(kHarmless);
}

Result<void> validate_zombie(const Task& task) {
  if (!is_task_name(task.name())) return invalid("task {}: its name", task.pid());
  if (task.tids_size() != 0) return invalid("task {}: a zombie has no threads", task.pid());
  if (!possible_end(task.wait_status()))
    return invalid("task {}: impossible wait status {:#x}", task.pid(), task.wait_status());
  return {};
}

// Exactly one root, and everybody below it.
Result<void> validate_descent(const std::vector<const Task*>& tasks, const Records& records) {
  std::map<pid_t, std::vector<const Task*>> children;
  for (const Task* task : tasks) {
    children[task->parent()].push_back(task);
    if (task->parent() == 0) continue;
    const Task* parent = records.find<Task>(kTaskRecord, static_cast<uint64_t>(task->parent()));
    if (parent == nullptr || parent->zombie())
      return invalid("task {}: parent {} is no living task", task->pid(), task->parent());
  }
  std::vector<const Task*> waiting = children[0];
  if (waiting.size() != 1) return invalid("{} tasks have no parent; one must", waiting.size());
  if (waiting[0]->zombie()) return invalid("task {}: a root that has ended", waiting[0]->pid());
  size_t reached = 0;
  for (; !waiting.empty(); ++reached) {
    const pid_t pid = waiting.back()->pid();
    waiting.pop_back();
    if (const auto found = children.find(pid); found != children.end())
      waiting.insert(waiting.end(), found->second.begin(), found->second.end());
  }
  if (reached != tasks.size())
    return invalid("{} tasks are not below the root: their ancestors form a circle", tasks.size() - reached);
  return {};
}

// What the kernel keeps true of sessions and groups. `tid_owner` tells which ids are threads', and of which
// task.
Result<void> validate_company(const std::vector<const Task*>& tasks, const std::map<pid_t, pid_t>& tid_owner,
                              const Records& records) {
  std::map<pid_t, pid_t> session_of_group;
  for (const Task* task : tasks) {
    const pid_t pid = task->pid(), sid = task->sid(), pgid = task->pgid();
    if (sid < 0 || sid >= kMaxPid || pgid < 0 || pgid >= kMaxPid)
      return invalid("task {}: impossible session or group", pid);
    if (sid == pid && pgid != pid) return invalid("task {}: a session leader leads its group too", pid);
    if (task->parent() == 0 && sid != 0 && sid != pid)
      return invalid("task {}: the root is in session {}, which it neither leads nor found", pid, sid);
    if (pgid == 0 && sid != 0)
      return invalid("task {}: its group is from outside the tree, its session not", pid);
    if (pgid != 0 && session_of_group.emplace(pgid, sid).first->second != sid)
      return invalid("task {}: its group {} is in another session", pid, pgid);
    for (const pid_t id : {sid, pgid}) {
      const auto owner = tid_owner.find(id);
      if (owner != tid_owner.end() && owner->second != id)
        return invalid("task {}: its session or group {} is a thread of task {}", pid, id, owner->second);
    }
    const auto leader = [&](pid_t id) { return records.find<Task>(kTaskRecord, static_cast<uint64_t>(id)); };
    if (const Task* of_session = leader(sid); sid != 0 && of_session != nullptr && of_session->sid() != sid)
      return invalid("task {}: the leader of its session {} is in another one", pid, sid);
    if (const Task* of_group = leader(pgid); pgid != 0 && of_group != nullptr && of_group->sid() != sid)
      return invalid("task {}: its group {} is in another session", pid, pgid);
  }
  return {};
}

Result<void> TaskKind::validate(const Records& records) const {
  const auto tasks = records.all<Task>(kTaskRecord);
  if (tasks.empty()) return invalid("no task");
  std::map<pid_t, pid_t> tid_owner;
  for (const Task* task : tasks) {
    const pid_t pid = task->pid();
    if (pid <= 1 || pid >= kMaxPid) return invalid("task {}: impossible pid", pid);
    if (records.find<Task>(kTaskRecord, static_cast<uint64_t>(pid)) != task)
      return invalid("task {}: filed elsewhere", pid);
    if (task->zombie()) {
      CR_TRY(validate_zombie(*task));
      if (!tid_owner.emplace(pid, pid).second) return invalid("task {}: id used twice", pid);
      continue;
    }
    if (task->word_size() != 32 && task->word_size() != 64)
      return invalid("task {}: word size {}", pid, task->word_size());
    if (task->tids_size() == 0 || task->tids(0) != pid)
      return invalid("task {}: the first thread must have its id", pid);
    for (const pid_t tid : task->tids()) {
      if (tid <= 1 || tid >= kMaxPid || !tid_owner.emplace(tid, pid).second)
        return invalid("task {}: thread id {}", pid, tid);
    }
  }
  CR_TRY(validate_descent(tasks, records));
  return validate_company(tasks, tid_owner, records);
}

}  // namespace

std::unique_ptr<Kind> task_kind() { return std::make_unique<TaskKind>(); }

}  // namespace cr::kinds
