// The tree itself: ids, groups, sessions, zombies. How it is born again is the engine's business
// (engine/births.h).
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>

#include "cr/kinds/kinds.h"
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
      task.set_name(process.stat.comm);
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

Result<void> TaskKind::validate(const Records& records) const {
  constexpr pid_t kMaxPid = 1 << 22;  // PID_MAX_LIMIT
  const auto tasks = records.all<Task>(kTaskRecord);
  if (tasks.empty()) return invalid("no task");
  std::map<pid_t, pid_t> tid_owner;
  int roots = 0;
  for (const Task* task : tasks) {
    const pid_t pid = task->pid();
    if (pid <= 1 || pid >= kMaxPid) return invalid("task {}: impossible pid", pid);
    if (records.find<Task>(kTaskRecord, static_cast<uint64_t>(pid)) != task)
      return invalid("task {}: filed elsewhere", pid);
    if (task->parent() == 0) ++roots;
    if (task->parent() != 0) {
      const Task* parent = records.find<Task>(kTaskRecord, static_cast<uint64_t>(task->parent()));
      if (parent == nullptr || parent->zombie())
        return invalid("task {}: parent {} is no living task", pid, task->parent());
      // Upwards to the root in at most as many steps as there are tasks, or it is a circle.
      const Task* up = task;
      for (size_t steps = 0; up != nullptr && up->parent() != 0; ++steps) {
        if (steps > tasks.size()) return invalid("task {}: its ancestors form a circle", pid);
        up = records.find<Task>(kTaskRecord, static_cast<uint64_t>(up->parent()));
      }
    }
    if (task->sid() < 0 || task->sid() >= kMaxPid || task->pgid() < 0 || task->pgid() >= kMaxPid)
      return invalid("task {}: impossible session or group", pid);
    if (task->sid() == pid && task->pgid() != pid)
      return invalid("task {}: a session leader leads its group too", pid);
    if (task->zombie()) {
      const uint32_t status = task->wait_status();
      if (task->name().size() > 15 || task->name().find('\0') != std::string::npos)
        return invalid("task {}: its name", pid);
      if (task->tids_size() != 0) return invalid("task {}: a zombie has no threads", pid);
      if (!(WIFEXITED(status) || WIFSIGNALED(status)) || status > 0xff00 || (status & kCoreDumped) != 0)
        return invalid("task {}: impossible wait status {:#x}", pid, status);
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
  if (roots != 1) return invalid("{} tasks have no parent; one must", roots);
  for (const Task* task : tasks)
    if (task->parent() == 0 && task->zombie()) return invalid("task {}: a root that has ended", task->pid());
  return {};
}

}  // namespace

std::unique_ptr<Kind> task_kind() { return std::make_unique<TaskKind>(); }

}  // namespace cr::kinds
