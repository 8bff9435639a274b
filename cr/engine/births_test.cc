// Trees of every shape are born as they were: random histories of processes, compiled, and run on a model of
// the kernel.
#include "cr/engine/births.h"

#include <algorithm>

#include "cr/engine/births_testing.h"
#include "cr/engine/compile.h"
#include "cr/kinds/kinds_testing.h"

namespace cr::engine {
namespace {

using kinds::Sample;
using kinds::Task;
using ::testing::HasSubstr;

const Birth& birth_of(const Births& births, pid_t pid) {
  static const Birth none;
  for (const auto& [by, list] : births.by)
    for (const Birth& birth : list)
      if (birth.pid == pid) return birth;
  return none;
}

// Compiles the tree, builds it on the model, and compares ids of all tasks.
void is_born_as_it_was(const Sample& sample, uint64_t seed) {
  const auto valid = kinds::validate_all(sample.records);
  ASSERT_TRUE(valid) << valid.error().message();
  const auto plan = compile(sample.records);
  ASSERT_TRUE(plan) << plan.error().message();
  TreeModel model(*plan, seed);
  ASSERT_EQ(model.run(), "");
  const auto tasks = sample.records.all<Task>(kinds::kTaskRecord);
  EXPECT_EQ(model.processes().size(), tasks.size()) << "nobody else is left";
  for (const Task* task : tasks) {
    ASSERT_TRUE(model.processes().contains(task->pid()));
    const TreeModel::Process& born = model.processes().at(task->pid());
    EXPECT_EQ(born.parent, task->parent()) << "parent of " << task->pid();
    EXPECT_EQ(born.sid, task->sid()) << "session of " << task->pid();
    EXPECT_EQ(born.pgid, task->pgid()) << "group of " << task->pid();
    EXPECT_EQ(born.zombie, task->zombie()) << task->pid();
    EXPECT_EQ(born.subreaper, task->child_subreaper()) << task->pid();
    EXPECT_FALSE(born.sigchld) << task->pid() << " would hear of a death that is no news";
    if (task->zombie()) {
      EXPECT_EQ(born.wait_status, task->wait_status());
    }
  }
}

TEST(Births, ByTheParent) {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_task(101, 100, 100, 100);
  sample.add_task(102, 100, 102, 102);  // makes its own session
  EXPECT_EQ(birth_of(plan_births(sample.records).value(), 101).how, Birth::How::kChild);
  EXPECT_EQ(birth_of(plan_births(sample.records).value(), 102).how, Birth::How::kChild);
  is_born_as_it_was(sample, 1);
}

TEST(Births, BeforeTheParentMadeItsSession) {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_task(101, 100, 101, 101);
  sample.add_task(102, 101, 100, 100);
  const Births births = plan_births(sample.records).value();
  EXPECT_EQ(birth_of(births, 102).how, Birth::How::kEarlyChild);
  EXPECT_EQ(birth_of(births, 102).by, 101);
  is_born_as_it_was(sample, 1);
}

TEST(Births, AsASiblingOfTheLeader) {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_task(101, 100, 101, 101);
  sample.add_task(102, 100, 101, 101);  // CLONE_PARENT of 101
  const Births births = plan_births(sample.records).value();
  EXPECT_EQ(birth_of(births, 102).how, Birth::How::kSibling);
  EXPECT_EQ(birth_of(births, 102).by, 101);
  is_born_as_it_was(sample, 1);
}

TEST(Births, AsAnOrphanThatFallsToTheSubreaper) {
  Sample sample;
  sample.add_task(100, 0, 100, 100).set_child_subreaper(true);
  sample.add_task(101, 100, 100, 100);
  sample.add_task(102, 101, 102, 102);
  sample.add_task(103, 100, 102, 102);  // its parent ended, it fell to 100
  const Births births = plan_births(sample.records).value();
  EXPECT_EQ(birth_of(births, 103).how, Birth::How::kOrphan);
  EXPECT_EQ(birth_of(births, 103).by, 102);
  is_born_as_it_was(sample, 1);
}

TEST(Births, StandInsForLeadersThatAreGone) {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_task(101, 100, 555, 555);  // a session whose leader has ended
  sample.add_task(102, 100, 100, 666);  // a group whose leader has ended
  sample.add_task(103, 100, 100, 666);
  const Births births = plan_births(sample.records).value();
  ASSERT_EQ(births.stand_ins.size(), 2u);
  EXPECT_TRUE(births.stand_ins.at(555).session);
  EXPECT_FALSE(births.stand_ins.at(666).session);
  is_born_as_it_was(sample, 1);
}

TEST(Births, ZombiesLeadToo) {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_zombie(101, 100, 101, 101, SIGSEGV);
  sample.add_task(102, 100, 101, 101);
  sample.add_zombie(103, 100, 100, 103, 255 << 8);
  sample.add_task(104, 100, 100, 103);
  is_born_as_it_was(sample, 1);
}

TEST(Births, AShellJobHasItsSessionOutside) {
  Sample sample;
  sample.add_task(100, 0, 0, 100);
  sample.add_task(101, 100, 0, 100);
  sample.add_task(102, 100, 0, 102);
  is_born_as_it_was(sample, 1);
}

TEST(Births, SoMayItsGroupBe) {
  Sample sample;
  sample.add_task(100, 0, 0, 0);
  sample.add_task(101, 100, 0, 0);
  sample.add_task(102, 100, 0, 102);
  is_born_as_it_was(sample, 1);
}

TEST(Births, ALeaderMayHaveLeftItsGroup) {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_task(101, 100, 100, 100);  // made group 101
  sample.add_task(102, 100, 100, 101);
  sample.add_zombie(103, 100, 100, 101, 9);  // made group 103
  sample.add_task(104, 100, 100, 103);
  EXPECT_EQ(plan_births(sample.records).value().deserters, (std::set<pid_t>{101, 103}));
  for (uint64_t seed = 1; seed <= 50; ++seed) is_born_as_it_was(sample, seed);
}

TEST(Births, LeadersThatChangedPlacesAreRefused) {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_task(101, 100, 100, 102);
  sample.add_task(102, 100, 100, 101);
  const auto births = plan_births(sample.records);
  ASSERT_FALSE(births);
  EXPECT_EQ(births.error().kind(), ErrorKind::kUnsupported);
  EXPECT_THAT(births.error().message(), HasSubstr("pid 101"));
}

TEST(Births, WhatCannotBeBornIsRefusedByPid) {
  Sample sample;
  sample.add_task(100, 0, 0, 100);
  sample.add_task(101, 100, 101, 101);
  sample.add_task(102, 101, 101, 101).set_child_subreaper(true);
  sample.add_task(103, 102, 0, 100);  // fell to 102, of whose session it is not
  const auto births = plan_births(sample.records);
  ASSERT_FALSE(births);
  EXPECT_EQ(births.error().kind(), ErrorKind::kUnsupported);
  EXPECT_THAT(births.error().message(), HasSubstr("pid 103"));
}

std::vector<pid_t> pids_in(const std::vector<Blocker>& blockers) {
  std::vector<pid_t> pids;
  for (const Blocker& blocker : blockers) {
    EXPECT_EQ(blocker.kind, "tree-shape");
    pids.push_back(blocker.pid);
  }
  return pids;
}

TEST(Births, AllThatCannotBeBornAreNamed) {
  Sample sample;
  sample.add_task(100, 0, 0, 100);
  sample.add_task(101, 100, 101, 101);
  sample.add_task(102, 101, 101, 101).set_child_subreaper(true);
  for (const pid_t pid : {103, 104}) sample.add_task(pid, 102, 0, 100);
  const auto births = plan_births(sample.records);
  ASSERT_FALSE(births);
  EXPECT_EQ(pids_in(births.error().blockers()), (std::vector<pid_t>{103, 104}));
  EXPECT_EQ(pids_in(shape_blockers(sample.records, {})), (std::vector<pid_t>{103, 104}));
}

TEST(Births, WhatHangsOnAnUnknownSubreaperIsNotHeldAgainstAnybody) {
  Sample sample;
  sample.add_task(100, 0, 100, 100);
  sample.add_task(101, 100, 100, 100);
  sample.add_task(102, 101, 102, 102);
  sample.add_task(103, 101, 102, 102);  // a sibling of its session's leader: born beside it
  sample.add_task(104, 100, 102, 104);  // fell to 100: to be an orphan, that must be a subreaper
  EXPECT_EQ(pids_in(shape_blockers(sample.records, {})), std::vector<pid_t>{104});
  EXPECT_EQ(pids_in(shape_blockers(sample.records, {103})), std::vector<pid_t>{104});
  EXPECT_EQ(pids_in(shape_blockers(sample.records, {100})), std::vector<pid_t>{});
  // A tree with a hole says nothing.
  sample.task(103).set_parent(4711);
  EXPECT_EQ(pids_in(shape_blockers(sample.records, {})), std::vector<pid_t>{});
}

// What processes do to their tree, and what the kernel makes of it.
class History {
 public:
  explicit History(uint64_t seed) : random_(seed) { all_[kRoot] = {kRoot, 0, kRoot, kRoot, false, false}; }

  Sample tree(int events) {
    while (events-- > 0) happen();
    Sample sample;
    for (const auto& [pid, process] : all_) {
      if (process.zombie)
        sample.add_zombie(pid, process.parent, process.sid, process.pgid, 9);
      else
        sample.add_task(pid, process.parent, process.sid, process.pgid)
            .set_child_subreaper(process.subreaper);
    }
    return sample;
  }

 private:
  static constexpr pid_t kRoot = 100;
  struct Process {
    pid_t pid, parent, pgid, sid;
    bool subreaper, zombie;
  };

  void happen() {
    std::vector<pid_t> living;
    for (const auto& [pid, process] : all_)
      if (!process.zombie) living.push_back(pid);
    Process& one = all_.at(living[random_() % living.size()]);
    switch (random_() % 8) {
      case 0:
      case 1:
      case 2:
        if (all_.size() >= 12) return;
        all_[next_] = {next_,    one.parent != 0 && random_() % 8 == 0 ? one.parent : one.pid,
                       one.pgid, one.sid,
                       false,    false};
        ++next_;
        return;
      case 3:
        for (const auto& [pid, process] : all_)
          if (process.pgid == one.pid) return;
        one.sid = one.pgid = one.pid;
        return;
      case 4:
        return change_group(one);
      case 5:
        one.subreaper = true;
        return;
      default:
        if (one.pid != kRoot) end(one.pid);
    }
  }

  void change_group(Process& one) {
    if (one.sid == one.pid) return;
    std::vector<pid_t> groups{one.pid};
    for (const auto& [pid, process] : all_)
      if (process.sid == one.sid) groups.push_back(process.pgid);
    one.pgid = groups[random_() % groups.size()];
  }

  void end(pid_t pid) {
    const bool reaped = random_() % 3 != 0;
    pid_t heir = all_.at(pid).parent;
    while (heir != kRoot && !(all_.at(heir).subreaper && !all_.at(heir).zombie)) heir = all_.at(heir).parent;
    const bool kept = all_.at(heir).subreaper;
    std::vector<pid_t> lost;
    for (auto& [child, process] : all_) {
      if (process.parent != pid) continue;
      process.parent = heir;
      if (!kept) lost.push_back(child);
    }
    // Without a subreaper they fall to init, and are no longer of this tree.
    for (const pid_t child : lost) forget(child);
    all_.at(pid).zombie = true;
    if (reaped) all_.erase(pid);
  }

  void forget(pid_t pid) {
    std::vector<pid_t> children;
    for (const auto& [child, process] : all_)
      if (process.parent == pid) children.push_back(child);
    for (const pid_t child : children) forget(child);
    all_.erase(pid);
  }

  std::mt19937_64 random_;
  std::map<pid_t, Process> all_;
  pid_t next_ = kRoot + 1;
};

TEST(Births, RandomHistories) {
  int born = 0, refused = 0;
  for (uint64_t seed = 1; seed <= 1500; ++seed) {
    const Sample sample = History(seed).tree(10 + static_cast<int>(seed % 50));
    const auto plan = compile(sample.records);
    if (!plan) {
      // What is refused is refused as such, never taken for a broken image: this tree has lived.
      EXPECT_EQ(plan.error().kind(), ErrorKind::kUnsupported)
          << "seed " << seed << ": " << plan.error().message();
      ++refused;
      continue;
    }
    ++born;
    is_born_as_it_was(sample, seed);
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
  }
  RecordProperty("born", born);
  RecordProperty("refused", refused);
  EXPECT_GT(born, 10 * refused) << "of " << born + refused << " shapes too many are refused";
}

}  // namespace
}  // namespace cr::engine
