// A restored tree is what it was, whatever the command that restores it happens to be; or it is not restored.
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "cr/cli/cli_testing.h"
#include "cr/proc/status.h"

namespace cr::cli {
namespace {

using ::testing::HasSubstr;

proc::Status status_of(pid_t pid) {
  return proc::parse_status(sys::read_file(fmt::format("/proc/{}/status", pid)).value()).value();
}

void only_one_cpu() {
  cpu_set_t own, one;
  ::sched_getaffinity(0, sizeof(own), &own);
  CPU_ZERO(&one);
  for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu)
    if (CPU_ISSET(cpu, &own)) CPU_SET(cpu, &one);
  ::sched_setaffinity(0, sizeof(one), &one);
}

void without_wake_alarm() { ::prctl(PR_CAPBSET_DROP, CAP_WAKE_ALARM, 0, 0, 0); }

class SurroundingsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0); }

  void dump(Sleeper& sleeper, const std::function<void()>& before = {}) {
    pid_ = sleeper.pid();
    was_ = status_of(pid_);
    const Outcome outcome = run({"dump", sleeper.name(), "-o", image_}, before);
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    ASSERT_EQ(sleeper.end(), 128 + SIGKILL);
  }

  // Of the tree that this command restored, which then ends.
  proc::Status restored(const std::function<void()>& before) {
    const Outcome outcome = run({"restore", "--detach", image_}, before);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    if (outcome.status != 0) return {};
    const proc::Status status = status_of(pid_);
    EXPECT_EQ(::kill(pid_, SIGKILL), 0);
    EXPECT_EQ(::waitpid(pid_, nullptr, 0), pid_);
    return status;
  }

  const sys::TempDir folder_;
  const std::string image_ = folder_ / "image";
  pid_t pid_ = 0;
  proc::Status was_;
};

TEST_F(SurroundingsTest, NoNewPrivsIsAConflict) {
  Sleeper sleeper("1000");
  dump(sleeper);
  is_error(run({"restore", "--detach", "--json", image_}, [] { ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }),
           5, "conflict", "no_new_privs");
  EXPECT_NE(::kill(pid_, 0), 0);
}

TEST_F(SurroundingsTest, AMissingCapabilityIsAConflict) {
  Sleeper sleeper("1000");
  dump(sleeper);
  is_error(run({"restore", "--detach", "--json", image_}, without_wake_alarm), 5, "conflict", "capabilities");
}

TEST_F(SurroundingsTest, AnEngineOnOneCpuPinsNothing) {
  Sleeper sleeper("1000");
  dump(sleeper);
  EXPECT_EQ(restored(only_one_cpu).cpus_allowed, was_.cpus_allowed);
}

TEST_F(SurroundingsTest, ATreeOnOneCpuStaysThere) {
  Sleeper sleeper({"taskset", "1", "sleep", "1000"});
  while (status_of(sleeper.pid()).name != "sleep") ::usleep(1000);
  dump(sleeper, [] {
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    ::sched_setaffinity(0, sizeof(first), &first);
  });
  EXPECT_EQ(restored({}).cpus_allowed, was_.cpus_allowed);
}

TEST_F(SurroundingsTest, GroupsAndHugePagesAreAsTheyWere) {
  Sleeper sleeper("1000");
  dump(sleeper);
  const proc::Status now = restored([] {
    const gid_t group = 4242;
    ::setgroups(1, &group);
    ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  });
  EXPECT_EQ(now.groups, was_.groups);
  EXPECT_EQ(now.thp_enabled, was_.thp_enabled);
}

TEST_F(SurroundingsTest, CapabilitiesAreNotGained) {
  Sleeper sleeper({"setpriv", "--bounding-set", "-wake_alarm", "sleep", "1000"});
  while (status_of(sleeper.pid()).name != "sleep") ::usleep(1000);
  dump(sleeper, without_wake_alarm);
  ASSERT_EQ(was_.cap_bounding >> CAP_WAKE_ALARM & 1, 0u);
  const proc::Status now = restored({});
  EXPECT_EQ(now.cap_bounding, was_.cap_bounding);
  EXPECT_EQ(now.cap_permitted, was_.cap_permitted);
  EXPECT_EQ(now.cap_effective, was_.cap_effective);
}

// What only the tree's first process finds out, on its way.
TEST_F(SurroundingsTest, WhatCannotBeUndoneIsAConflict) {
  const auto without_sys_nice = [] { ::prctl(PR_CAPBSET_DROP, CAP_SYS_NICE, 0, 0, 0); };
  Sleeper sleeper({"setpriv", "--bounding-set", "-sys_nice", "sleep", "1000"});
  while (status_of(sleeper.pid()).name != "sleep") ::usleep(1000);
  dump(sleeper, without_sys_nice);
  const auto nice = [&] {
    without_sys_nice();
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_NICE, &none);
    ::setpriority(PRIO_PROCESS, 0, 5);
  };
  is_error(run({"restore", "--detach", "--json", image_}, nice), 5, "conflict", "nice value of its own");
  EXPECT_NE(::kill(pid_, 0), 0);
}

// An execve would give them back to a task of root's.
TEST_F(SurroundingsTest, CapabilitiesThatNoExecveGivesAreRefused) {
  const auto lower = [] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2];
    ::syscall(SYS_capget, &header, data);
    data[1].effective &= ~(1u << (CAP_WAKE_ALARM - 32));
    data[1].permitted = data[1].effective;
    ::syscall(SYS_capset, &header, data);
  };
  const sys::Child child(lower);
  const Outcome outcome = run({"check", std::to_string(child.pid())}, [&] {
    lower();
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);  // keeps them low when the command is executed
  });
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err, HasSubstr("other capabilities than a program that is executed"));
}

}  // namespace
}  // namespace cr::cli
