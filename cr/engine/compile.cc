#include "cr/engine/compile.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>

#include "cr/base/numbers.h"
#include "cr/engine/births.h"
#include "cr/engine/place.h"
#include "cr/engine/plan_check.h"
#include "cr/kinds/files/files.pb.h"
#include "cr/kinds/origin.pb.h"
#include "cr/kinds/shape.h"

namespace cr::engine {
namespace {

using exec::Abi;
using exec::ListBuilder;
using kinds::Phase;
using kinds::Plan;
using kinds::PlanBuilder;
using kinds::ProcessPlan;
using kinds::Records;
using kinds::Task;

// Descriptors of the engine that tasks fetch objects from; its own use is far below.
constexpr int kFirstStoreNumber = 200;

constexpr uint64_t kThreadFlags =
    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

class Compiler {
 public:
  Compiler(const Records& records, PlanBuilder::Pages pages, const kinds::VdsoExchanges& exchanges)
      : records_(records), builder_(plan_, pages, &exchanges) {}

  Result<Plan> compile() {
    births_ = CR_TRY(plan_births(records_));
    CR_TRY(check_dead());
    for (const auto& [pid, stand_in] : births_.stand_ins) stand_ins_of_[stand_in.parent].push_back(&stand_in);
    for (const Task* task : records_.all<Task>(kinds::kTaskRecord))
      if (task->zombie()) bereaved_.insert(task->parent());
    number_descriptors();
    for (const Task* task : records_.all<Task>(kinds::kTaskRecord)) add_process(*task);
    for (const auto& [pid, stand_in] : births_.stand_ins) plan_.processes[pid] = stand_in_plan(stand_in);
    for (const Task* task : records_.all<Task>(kinds::kTaskRecord)) {
      if (!task->zombie()) begin(*task);
    }
    for (const Phase phase : kinds::kPhases) {
      for (const auto& kind : kinds::all_kinds()) kind->plan(phase, records_, builder_);
      if (phase == Phase::kThreads) {
        for (const Task* task : records_.all<Task>(kinds::kTaskRecord))
          if (!task->zombie()) bear_threads(*task);
      }
    }
    for (const Task* task : records_.all<Task>(kinds::kTaskRecord)) {
      if (task->zombie()) continue;
      end(*task);
      CR_TRY(place(*task), "pid {}", task->pid());
    }
    return std::move(plan_);
  }

 private:
  // A dead one takes a hundred bytes in an image and some pages in a program.
  Result<void> check_dead() const {
    constexpr size_t kMaxDead = 1 << 14;
    const auto tasks = records_.all<Task>(kinds::kTaskRecord);
    const auto zombies = std::ranges::count_if(tasks, [](const Task* task) { return task->zombie(); });
    const size_t dead = static_cast<size_t>(zombies) + births_.stand_ins.size();
    if (dead <= kMaxDead) return {};
    return fail(ErrorKind::kUnsupported, "{} zombies and leaders that are gone; {} can be built", dead,
                kMaxDead);
  }

  void number_descriptors() {
    plan_.store.add_list("shared objects");
    plan_.next_store_number = kFirstStoreNumber;
    plan_.engine_store_fd = plan_.next_store_number++;
    plan_.image_store_fd = plan_.next_store_number++;
    int highest = 2;
    for (const auto* table : records_.all<kinds::DescriptorTable>(kinds::kDescriptorTableRecord))
      if (table->descriptors_size() != 0)
        highest =
            std::max(highest, static_cast<int>(table->descriptors(table->descriptors_size() - 1).number()));
    plan_.engine_fd = highest + 1;
    plan_.image_fd = highest + 2;
    plan_.program_fd = highest + 3;
    plan_.loader_fd = highest + 4;
  }

  void add_process(const Task& task) {
    ProcessPlan& process = plan_.processes[task.pid()];
    process.pid = task.pid();
    if (task.parent() == 0) plan_.root = task.pid();
    if (task.zombie()) {
      process.role = ProcessPlan::Role::kZombie;
      process.wait_status = task.wait_status();
      return;
    }
    process.word_size = task.word_size() == 32 ? WordSize::k32 : WordSize::k64;
    process.plan_fd = plan_.next_store_number++;
    process.loader_fd = plan_.next_store_number++;
    for (const pid_t tid : task.tids()) {
      const ListBuilder& list = process.program.add_list(
          tid == task.pid() ? fmt::format("pid {}", tid) : fmt::format("pid {} thread {}", task.pid(), tid));
      process.lists[tid] = list.index();
    }
  }

  static ProcessPlan stand_in_plan(const StandIn& stand_in) {
    ProcessPlan process;
    process.pid = stand_in.pid;
    process.role = ProcessPlan::Role::kStandIn;
    return process;
  }

  void begin(const Task& task) {
    ListBuilder& list = builder_.process(task.pid());
    // The old address space goes; the addresses are known only when the area has its place.
    ProcessPlan& process = plan_.processes.at(task.pid());
    process.area_low = list.fresh_slot();
    process.area_end = list.fresh_slot();
    process.rest = list.fresh_slot();
    list.syscall(Abi::k64, SYS_munmap, {0, process.area_low}).because("unmap what lies below");
    list.syscall(Abi::k64, SYS_munmap, {process.area_end, process.rest}).because("unmap what lies above");
    if (task.child_subreaper())
      list.syscall(Abi::k64, SYS_prctl, {PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0})
          .because("PR_SET_CHILD_SUBREAPER");
    settle(task.pid(), task.pid(), task.sid(), task.pgid(), list);
  }

  // The part of a life before all have come together: session, group, children.
  void settle(pid_t pid, pid_t owner, pid_t sid, pid_t pgid, ListBuilder& list) {
    const bool deserts = births_.deserters.contains(pid);
    const auto join = [&] {
      list.syscall(Abi::k64, SYS_setpgid, {0, pgid}).because("join process group {}", pgid);
    };
    bear(pid, owner, list, /*early=*/true);
    if (sid == pid)
      list.syscall(Abi::k64, SYS_setsid, {}).because("setsid");
    else if (pgid == pid || deserts)
      list.syscall(Abi::k64, SYS_setpgid, {0, 0}).because("lead a process group");
    bear(pid, owner, list, /*early=*/false);
    const auto& stand_ins = stand_ins_of_[pid];
    for (const StandIn* stand_in : stand_ins) bear_stand_in(*stand_in, owner, list);
    list.trap(kinds::kBorn).because("all are born");
    if (pgid != 0 && pgid != pid && sid != pid && !deserts) join();
    list.trap(kinds::kJoined).because("all are in their groups");
    if (deserts) join();
    for (const StandIn* stand_in : stand_ins)
      list.syscall(Abi::k64, SYS_wait4, {stand_in->pid, 0, __WALL, 0}).because("reap a stand-in");
    if (!stand_ins.empty() || bereaved_.contains(pid) || bears_orphans(pid)) drop_sigchld(list);
  }

  bool bears_orphans(pid_t pid) const {
    const auto births = births_.by.find(pid);
    return births != births_.by.end() &&
           std::any_of(births->second.begin(), births->second.end(),
                       [](const Birth& birth) { return birth.how == Birth::How::kOrphan; });
  }

  // Children that ended while the tree was built have told so; that is no news to the restored task.
  static void drop_sigchld(ListBuilder& list) {
    const uint64_t mask = uint64_t{1} << (SIGCHLD - 1);
    const timespec now{};
    list.syscall(Abi::k64, SYS_rt_sigtimedwait, {list.stash(mask), 0, list.stash(now), 8})
        .any()
        .because("drop SIGCHLD");
  }

  void bear(pid_t pid, pid_t owner, ListBuilder& list, bool early) {
    const auto births = births_.by.find(pid);
    if (births == births_.by.end()) return;
    for (const Birth& birth : births->second) {
      if ((birth.how == Birth::How::kEarlyChild) != early) continue;
      if (birth.how == Birth::How::kOrphan)
        bear_orphan(birth, owner, list);
      else
        bear_child(birth, owner, list);
    }
  }

  void bear_child(const Birth& birth, pid_t owner, ListBuilder& list) {
    exec::CloneOptions options;
    options.set_tid = {birth.pid};
    if (birth.how == Birth::How::kSibling)
      options.flags = CLONE_PARENT;  // takes the exit signal of the caller, which is SIGCHLD too
    else
      options.exit_signal = SIGCHLD;
    ListBuilder& life = first_life(birth.pid, owner);
    list.spawn(life, options).expect(birth.pid).because("fork pid {}", birth.pid);
  }

  void bear_orphan(const Birth& birth, pid_t owner, ListBuilder& list) {
    ListBuilder& mother =
        plan_.processes.at(owner).program.add_list(fmt::format("mother of pid {}", birth.pid));
    exec::CloneOptions child;
    child.set_tid = {birth.pid};
    child.exit_signal = SIGCHLD;
    mother.spawn(first_life(birth.pid, owner), child).expect(birth.pid).because("fork pid {}", birth.pid);
    mother.syscall(Abi::k64, SYS_exit_group, {0});
    exec::CloneOptions options;
    options.exit_signal = SIGCHLD;
    const exec::Slot mothers_pid = list.fresh_slot();
    list.spawn(mother, options).save(mothers_pid).because("fork the mother of pid {}", birth.pid);
    list.syscall(Abi::k64, SYS_wait4, {mothers_pid, 0, __WALL, 0})
        .because("reap the mother of pid {}", birth.pid);
  }

  void bear_stand_in(const StandIn& stand_in, pid_t owner, ListBuilder& list) {
    ListBuilder& life =
        plan_.processes.at(owner).program.add_list(fmt::format("stand-in for pid {}", stand_in.pid));
    exec::CloneOptions options;
    options.set_tid = {stand_in.pid};
    options.exit_signal = SIGCHLD;
    list.spawn(life, options).expect(stand_in.pid).because("fork a stand-in for pid {}", stand_in.pid);
    ProcessPlan& process = plan_.processes.at(stand_in.pid);
    process.runs_in = owner;
    process.runs_list = life.index();
    settle(stand_in.pid, owner, stand_in.session ? stand_in.pid : 0, stand_in.pid, life);
    life.syscall(Abi::k64, SYS_exit_group, {0});
  }

  // What a task runs first, in its mother's memory: a zombie all of its life, others until they execute their
  // own.
  ListBuilder& first_life(pid_t pid, pid_t owner) {
    const Task& task = *records_.find<Task>(kinds::kTaskRecord, static_cast<uint64_t>(pid));
    ListBuilder& life = plan_.processes.at(owner).program.add_list(fmt::format("birth of pid {}", pid));
    ProcessPlan& process = plan_.processes.at(pid);
    process.runs_in = owner;
    process.runs_list = life.index();
    if (task.zombie())
      live_and_die(task, owner, life);
    else
      execute(process, life);
    return life;
  }

  void live_and_die(const Task& task, pid_t owner, ListBuilder& list) {
    list.syscall(Abi::k64, SYS_prctl, {PR_SET_NAME, list.stash_text(task.name()), 0, 0, 0})
        .because("PR_SET_NAME");
    settle(task.pid(), owner, task.sid(), task.pgid(), list);
    const auto status = static_cast<int>(task.wait_status());
    if (WIFEXITED(status)) {
      list.syscall(Abi::k64, SYS_exit_group, {WEXITSTATUS(status)});
      return;
    }
    const rlimit64 none{};
    list.syscall(Abi::k64, SYS_prlimit64, {0, RLIMIT_CORE, list.stash(none), 0}).because("dump no core");
    const uint64_t open = 0;
    list.syscall(Abi::k64, SYS_rt_sigprocmask, {SIG_SETMASK, list.stash(open), 0, 8});
    list.syscall(Abi::k64, SYS_kill, {task.pid(), WTERMSIG(status)})
        .because("end by signal {}", WTERMSIG(status));
  }

  void execute(const ProcessPlan& process, ListBuilder& list) {
    const exec::Slot program = list.fresh_slot(), loader = list.fresh_slot();
    list.syscall(Abi::k64, SYS_pidfd_getfd, {plan_.engine_fd, process.plan_fd, 0})
        .save(program)
        .because("fetch the program");
    list.syscall(Abi::k64, SYS_dup3, {program, plan_.program_fd, 0});
    list.syscall(Abi::k64, SYS_close, {program});
    list.syscall(Abi::k64, SYS_pidfd_getfd, {plan_.engine_fd, process.loader_fd, 0})
        .save(loader)
        .because("fetch the loader");
    const exec::Data argv = list.reserve(16), envp = list.reserve(8);
    list.point(argv, list.stash_text("cr-restore"));
    list.syscall(Abi::k64, SYS_execveat, {loader, list.stash_text(""), argv, envp, AT_EMPTY_PATH})
        .because("execute the loader");
  }

  void bear_threads(const Task& task) {
    ListBuilder& list = builder_.process(task.pid());
    ProcessPlan& process = plan_.processes.at(task.pid());
    for (const pid_t tid : task.tids()) {
      if (tid == task.pid()) continue;
      exec::CloneOptions options;
      options.flags = kThreadFlags;
      options.set_tid = {tid};
      list.spawn(process.program.list(process.lists.at(tid)), options)
          .expect(tid)
          .because("clone thread {}", tid);
    }
  }

  void end(const Task& task) {
    ListBuilder& leader = builder_.process(task.pid());
    for (const int fd : {plan_.engine_fd, plan_.image_fd, plan_.program_fd})
      leader.syscall(Abi::k64, SYS_close, {fd}).because("close what it was built with");
    for (const pid_t tid : task.tids()) builder_.thread(task.pid(), tid).trap(kinds::kReady).because("ready");
  }

  Result<void> place(const Task& task) {
    ProcessPlan& process = plan_.processes.at(task.pid());
    const uint64_t size = process.program.size();
    const uint64_t start = CR_TRY(find_place(records_, task, size + 2 * kPageSize));
    process.loader_address = start;
    process.area_base = start + 2 * kPageSize;
    return check_reach(process, process.area_base + size);
  }

  // An interrupted call of the 32-bit ABI is begun again with its time-out in the program.
  static Result<void> check_reach(const ProcessPlan& process, uint64_t end) {
    if (end <= uint64_t{1} << 32) return {};
    for (const auto& [tid, departure] : process.departures)
      if (departure.rearm && departure.rearm->abi == Abi::k32)
        return fail(ErrorKind::kUnsupported,
                    "thread {} waits in a 32-bit call, and below 4 GiB no {} bytes are free to build it from",
                    tid, process.program.size());
    return {};
  }

  const Records& records_;
  Plan plan_;
  PlanBuilder builder_;
  Births births_;
  std::map<pid_t, std::vector<const StandIn*>> stand_ins_of_;  // by who bears them
  std::set<pid_t> bereaved_;                                   // have children that are zombies
};

}  // namespace

Result<Plan> compile(const Records& records, const kinds::VdsoExchanges& exchanges) {
  auto plan = Compiler(records, PlanBuilder::Pages::kReadByTasks, exchanges).compile();
  // A dump was proved, and a stream is restored, before anybody knew which pages there are; programs that
  // read them are longer, and must not be what a tree has no room for.
  if (!plan && plan.error().kind() == ErrorKind::kUnsupported && records.pages != nullptr)
    plan = Compiler(records, PlanBuilder::Pages::kLeftToEngine, exchanges).compile();
  if (plan) CR_TRY(check_plan(*plan));
  return plan;
}

}  // namespace cr::engine
