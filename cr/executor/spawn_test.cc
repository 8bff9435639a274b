// Children that the blob makes: processes with a chosen id, threads, and what they inherit.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstring>

#include "cr/executor/test_task.h"
#include "cr/executor/text.h"
#include "cr/sys/fd.h"

namespace cr::exec {
namespace {

using test::PlacedProgram;
using test::Seen;
using test::TestTask;

constexpr uint64_t kThreadFlags =
    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM | CLONE_THREAD;

class Spawn : public ::testing::Test {
 protected:
  // Grandchildren fall to this process, which reaps them: the ids they had are free again when the test is
  // over.
  void SetUp() override { ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0); }
  void TearDown() override {
    parent_.reset();
    while (::waitpid(-1, nullptr, __WALL | WNOHANG) > 0) {
    }
  }
  // Runs the parent up to the creation of the child, and gives the child's id in this pid namespace.
  pid_t run_to_birth(int event) {
    placed_.emplace(program_);
    parent_.emplace(TestTask::fork_stopped());
    const Seen seen = parent_->run(placed_->area(), parent_list_);
    EXPECT_EQ(seen.event, event) << failure_of(parent_list_, *parent_);
    if (seen.event != event) return -1;
    unsigned long child = 0;
    CR_CHECK(::ptrace(PTRACE_GETEVENTMSG, parent_->pid(), 0, &child) == 0);
    return static_cast<pid_t>(child);
  }
  std::string failure_of(const ListBuilder& list, const TestTask& task) const {
    const Control control = task.control(placed_->area(), list);
    return control.failed_op == kNone ? std::string("no op failed")
                                      : describe_failure(list, control.failed_op, control.result);
  }
  // A new child stops first with SIGSTOP (attached by the clone option), then runs to its int3.
  Seen run_child(pid_t child) {
    EXPECT_EQ(test::wait_for(child).signal, SIGSTOP);
    CR_CHECK(::ptrace(PTRACE_CONT, child, 0, 0) == 0);
    return test::wait_for(child);
  }

  Program program_;
  ListBuilder& parent_list_ = program_.add_list("parent");
  ListBuilder& child_list_ = program_.add_list("child");
  std::optional<PlacedProgram> placed_;
  std::optional<TestTask> parent_;
};

TEST_F(Spawn, AProcessGoesOnWithItsOwnListInACopyOfTheMemory) {
  const Slot before = parent_list_.fresh_slot(), seen_by_child = parent_list_.fresh_slot();
  const Slot child_pid = parent_list_.fresh_slot();
  parent_list_.syscall(Abi::k64, SYS_getpid, {}).save(before);
  parent_list_.spawn(child_list_, {.exit_signal = SIGCHLD}).save(child_pid);
  // What the child got from its parent's slot: its own parent's pid.
  child_list_.syscall(Abi::k64, SYS_getppid, {}).save(seen_by_child);
  const pid_t child = run_to_birth(PTRACE_EVENT_FORK);
  ASSERT_GT(child, 0);
  EXPECT_EQ(run_child(child).signal, SIGTRAP);
  TestTask task(child);
  const Area& area = placed_->area();
  EXPECT_EQ(task.control(area, child_list_).state, State::kDone);
  EXPECT_EQ(task.value(area, before), static_cast<uint64_t>(parent_->pid()));
  EXPECT_EQ(task.value(area, seen_by_child), static_cast<uint64_t>(parent_->pid()));

  EXPECT_EQ(parent_->resume().signal, SIGTRAP);
  EXPECT_EQ(parent_->control(area, parent_list_).state, State::kDone);
  EXPECT_EQ(parent_->value(area, child_pid), static_cast<uint64_t>(child));
  EXPECT_EQ(parent_->value(area, seen_by_child), 0u) << "the child shares its parent's memory";
  EXPECT_EQ(parent_->control(area, child_list_).state, State::kIdle);
}

TEST_F(Spawn, AThreadSharesTheSlots) {
  const Slot tid = parent_list_.fresh_slot(), pid = parent_list_.fresh_slot();
  parent_list_.spawn(child_list_, {.flags = kThreadFlags});
  child_list_.syscall(Abi::k64, SYS_gettid, {}).save(tid);
  child_list_.syscall(Abi::k64, SYS_getpid, {}).save(pid);
  const pid_t child = run_to_birth(PTRACE_EVENT_CLONE);
  ASSERT_GT(child, 0);
  // Owned, because a leader is not reaped before its traced threads are.
  const TestTask thread(child);
  EXPECT_EQ(run_child(child).signal, SIGTRAP);
  const Area& area = placed_->area();
  EXPECT_EQ(parent_->control(area, child_list_).state, State::kDone);
  EXPECT_EQ(parent_->value(area, tid), static_cast<uint64_t>(child));
  EXPECT_EQ(parent_->value(area, pid), static_cast<uint64_t>(parent_->pid()));
}

TEST_F(Spawn, AChildGetsTheIdItIsAskedFor) {
  if (::geteuid() != 0) GTEST_SKIP() << "set_tid needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN";
  // An id that is free now; somebody may take it before the clone, so a few are tried.
  std::string why;
  for (int attempt = 0; attempt < 20; ++attempt) {
    const pid_t wanted = 20'011 + attempt * 577;
    if (::kill(wanted, 0) == 0 || errno != ESRCH) {
      why += fmt::format("{} is in use\n", wanted);
      continue;
    }
    Program program;
    ListBuilder& parent_list = program.add_list("parent");
    ListBuilder& child_list = program.add_list("child");
    const Slot got = program.list(0).fresh_slot();
    parent_list.spawn(child_list, {.exit_signal = SIGCHLD, .set_tid = {wanted}}).because("pid {}", wanted);
    child_list.syscall(Abi::k64, SYS_getpid, {}).save(got);
    const PlacedProgram placed(program);
    TestTask parent(TestTask::fork_stopped());
    if (parent.run(placed.area(), parent_list).event != PTRACE_EVENT_FORK) {  // taken meanwhile
      const Control control = parent.control(placed.area(), parent_list);
      why += describe_failure(parent_list, control.failed_op, control.result) + "\n";
      continue;
    }
    TestTask child(wanted);
    EXPECT_EQ(run_child(wanted).signal, SIGTRAP);
    EXPECT_EQ(child.value(placed.area(), got), static_cast<uint64_t>(wanted));
    return;
  }
  FAIL() << "none of twenty ids could be had:\n" << why;
}

TEST_F(Spawn, AnIdThatIsTakenIsAFailureWithItsReason) {
  if (::geteuid() != 0) GTEST_SKIP() << "set_tid needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN";
  parent_list_.spawn(child_list_, {.exit_signal = SIGCHLD, .set_tid = {::getpid()}})
      .because("pid of the test");
  placed_.emplace(program_);
  parent_.emplace(TestTask::fork_stopped());
  EXPECT_EQ(parent_->run(placed_->area(), parent_list_).signal, SIGTRAP);
  EXPECT_EQ(failure_of(parent_list_, *parent_),
            "parent: op 0, clone3 (pid of the test): File exists (EEXIST)");
}

TEST_F(Spawn, FieldsKnownOnlyAtRunTimeAreStoredFirst) {
  const Data tid_seen = parent_list_.reserve(8),
             args = parent_list_.stash_clone_args({.flags = CLONE_PARENT_SETTID, .exit_signal = SIGCHLD});
  const Slot where = parent_list_.fresh_slot();
  constexpr uint64_t kParentTidField = 24;
  parent_list_
      .syscall(Abi::k64, SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0})
      .save(where);
  parent_list_.store64(args.from(kParentTidField), where);
  parent_list_.spawn(child_list_, args);
  parent_list_.copy(tid_seen, where, 4);
  const pid_t child = run_to_birth(PTRACE_EVENT_FORK);
  ASSERT_GT(child, 0);
  EXPECT_EQ(run_child(child).signal, SIGTRAP);
  TestTask task(child);
  EXPECT_EQ(parent_->resume().signal, SIGTRAP);
  uint32_t tid = 0;
  std::memcpy(&tid, parent_->read(placed_->area().address_of(tid_seen), 4).data(), 4);
  EXPECT_EQ(tid, static_cast<uint32_t>(child));
}

}  // namespace
}  // namespace cr::exec
