// A model of the kernel's process tree that runs the op lists of a compiled plan: who is whose child, in
// which group and session, after every task has come to its place. Whoever runs next is drawn at random, so
// an order that only usually holds is found.
#pragma once

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "cr/kinds/plan.h"

namespace cr::engine {

class TreeModel {
 public:
  struct Process {
    pid_t pid = 0, parent = 0, pgid = 0, sid = 0;
    bool subreaper = false;
    bool zombie = false;
    uint32_t wait_status = 0;
    bool sigchld = false;  // pending
    pid_t program_of = 0;  // whose program it runs
    uint32_t list = 0, next = 0;
    uint32_t barrier = 0;  // it stands at this one; 0: it runs
  };

  TreeModel(const kinds::Plan& plan, uint64_t seed) : plan_(plan), random_(seed) {
    Process& root = processes_[plan.root];
    root.pid = plan.root;
    root.program_of = plan.root;
    root.list = plan.processes.at(plan.root).lists.at(plan.root);
  }

  // Nothing if all went well; else what the kernel would have refused.
  std::string run() {
    for (const uint32_t barrier : {kinds::kBorn, kinds::kJoined}) {
      run_until_all_wait();
      if (!problem_.empty()) return problem_;
      for (const auto& [pid, process] : plan_.processes) {
        const auto found = processes_.find(pid);
        if (found == processes_.end()) return fmt::format("pid {} was never born", pid);
        if (found->second.barrier != barrier) return fmt::format("pid {} is not at barrier {}", pid, barrier);
      }
      // After the second one the dead go first; only then do their parents go on.
      if (barrier == kinds::kJoined) {
        for (auto& [pid, process] : processes_)
          if (plan_.processes.at(pid).role != kinds::ProcessPlan::Role::kTask) process.barrier = 0;
        run_until_all_wait();
        if (!problem_.empty()) return problem_;
      }
      for (auto& [pid, process] : processes_) process.barrier = 0;
    }
    run_until_all_wait();
    return problem_;
  }

  const std::map<pid_t, Process>& processes() const { return processes_; }

 private:
  void run_until_all_wait() {
    for (;;) {
      std::vector<pid_t> runnable;
      for (const auto& [pid, process] : processes_)
        if (!process.zombie && process.barrier == 0 && !waits(process)) runnable.push_back(pid);
      if (runnable.empty() || !problem_.empty()) return;
      step(processes_.at(runnable[random_() % runnable.size()]));
    }
  }

  const kinds::ProcessPlan& program(const Process& process) const {
    return plan_.processes.at(process.program_of);
  }
  const exec::Op& op(const Process& process) const {
    return program(process).program.list(process.list).ops().at(process.next);
  }

  uint64_t value(const Process& process, const exec::Op& op, int i) const {
    if (op.arg_kinds[i] != exec::ArgKind::kSlot) return op.args[i];
    const auto slot = slots_.find({process.program_of, op.args[i]});
    return slot == slots_.end() ? 0 : slot->second;
  }

  // In wait4 for a child that still lives?
  bool waits(const Process& process) const {
    const exec::Op& now = op(process);
    if (now.kind != exec::OpKind::kSyscall || now.nr != SYS_wait4) return false;
    const auto child = processes_.find(static_cast<pid_t>(value(process, now, 0)));
    return child != processes_.end() && child->second.parent == process.pid && !child->second.zombie;
  }

  void step(Process& process) {
    const exec::Op& now = op(process);
    ++process.next;
    if (now.kind == exec::OpKind::kSpawn) return spawn(process, now);
    if (now.kind == exec::OpKind::kTrap) {
      process.barrier = static_cast<uint32_t>(now.args[0]);
      return;
    }
    if (now.kind != exec::OpKind::kSyscall || now.abi != exec::Abi::k64) return;
    const auto argument = [&](int i) { return static_cast<pid_t>(value(process, now, i)); };
    switch (now.nr) {
      case SYS_setsid:
        if (group_exists(process.pid)) return refuse(process, "setsid of a group leader");
        process.sid = process.pgid = process.pid;
        return;
      case SYS_setpgid:
        return join(process, argument(1) == 0 ? process.pid : argument(1));
      case SYS_prctl:
        if (argument(0) == PR_SET_CHILD_SUBREAPER) process.subreaper = true;
        return;
      case SYS_execveat:
        process.program_of = process.pid;
        process.list = program(process).lists.at(process.pid);
        process.next = 0;
        return;
      case SYS_rt_sigtimedwait:
        process.sigchld = false;
        return;
      case SYS_wait4:
        if (!processes_.contains(argument(0)) || processes_.at(argument(0)).parent != process.pid)
          return refuse(process, "wait4 for a stranger");
        processes_.erase(argument(0));
        return;
      case SYS_exit_group:
        return end(process, static_cast<uint32_t>(now.args[0] & 0xff) << 8);
      case SYS_kill:
        return end(process, static_cast<uint32_t>(now.args[1]));
      default:
        return;
    }
  }

  void spawn(Process& mother, const exec::Op& now) {
    // clone_args lie in the program's data; what set_tid points to is known from the relocations.
    const exec::Pool& pool = program(mother).program.pool();
    clone_args arguments;
    std::memcpy(&arguments, pool.data.data() + now.args[0], sizeof(arguments));
    if ((arguments.flags & CLONE_THREAD) != 0) return;
    pid_t pid = 0;
    for (const auto& relocation : pool.relocations) {
      if (relocation.at == now.args[0] + offsetof(clone_args, set_tid) &&
          relocation.target == exec::Pool::Relocation::Target::kData && arguments.set_tid_size == 1)
        std::memcpy(&pid, pool.data.data() + relocation.value, sizeof(pid));
    }
    if (pid == 0)
      pid = next_free_++;
    else if (number_in_use(pid))
      return refuse(mother, fmt::format("pid {} is in use", pid));
    Process child;
    child.pid = pid;
    child.parent = (arguments.flags & CLONE_PARENT) != 0 ? mother.parent : mother.pid;
    child.pgid = mother.pgid, child.sid = mother.sid;
    child.program_of = mother.program_of;
    child.list = static_cast<uint32_t>(now.args[2]);
    if (now.slot != exec::kNone) slots_[{mother.program_of, now.slot}] = static_cast<uint64_t>(pid);
    processes_[pid] = child;
  }

  void join(Process& process, pid_t group) {
    if (process.sid == process.pid) return refuse(process, "setpgid of a session leader");
    if (group != process.pid) {
      bool found = false;
      for (const auto& [pid, other] : processes_) found |= other.pgid == group && other.sid == process.sid;
      if (!found) return refuse(process, fmt::format("no group {} in its session", group));
    }
    process.pgid = group;
  }

  void end(Process& process, uint32_t status) {
    process.zombie = true;
    process.wait_status = status;
    if (const auto parent = processes_.find(process.parent); parent != processes_.end())
      parent->second.sigchld = true;
    for (auto& [pid, child] : processes_) {
      if (child.parent != process.pid) continue;
      pid_t heir = process.parent;
      while (heir != 0 && !(processes_.at(heir).subreaper && !processes_.at(heir).zombie))
        heir = processes_.at(heir).parent;
      child.parent = heir;
    }
  }

  bool group_exists(pid_t number) const {
    for (const auto& [pid, process] : processes_)
      if (process.pgid == number) return true;
    return false;
  }
  // A number stays taken as long as a session or a group has it.
  bool number_in_use(pid_t number) const {
    for (const auto& [pid, process] : processes_)
      if (process.pid == number || process.pgid == number || process.sid == number) return true;
    return false;
  }

  void refuse(const Process& process, const std::string& what) {
    problem_ = fmt::format("pid {}: {}", process.pid, what);
  }

  const kinds::Plan& plan_;
  std::mt19937_64 random_;
  std::map<pid_t, Process> processes_;
  std::map<std::pair<pid_t, uint64_t>, uint64_t> slots_;
  pid_t next_free_ = 1 << 20;
  std::string problem_;
};

}  // namespace cr::engine
