// What has changed since the checkpoint is named before anything is made.
#include "cr/engine/preconditions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>

#include "cr/sys/sys_testing.h"

namespace cr::engine {
namespace {

using kinds::FileCheck;
using kinds::Plan;
using ::testing::HasSubstr;

std::string conflict(const Result<void>& verdict) {
  if (verdict) return "";
  EXPECT_EQ(verdict.error().kind(), ErrorKind::kConflict);
  return verdict.error().message();
}

std::string conflict_of(const FileCheck& check) {
  Plan plan;
  plan.files.push_back(check);
  return conflict(check_files(plan));
}

TEST(CheckFiles, EachIsOfTheKindThatItWas) {
  sys::TempDir dir;
  std::ofstream(dir / "file") << "text";
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  struct stat file;
  ASSERT_EQ(::stat((dir / "file").c_str(), &file), 0);
  const auto time = file.st_mtim.tv_sec * 1000000000 + file.st_mtim.tv_nsec;

  EXPECT_EQ(conflict_of({.path = dir / "file", .mode = S_IFREG | 0600, .size = 4, .mtime_ns = time}), "");
  EXPECT_EQ(conflict_of({.path = dir / "fifo", .mode = S_IFIFO}), "");
  EXPECT_EQ(conflict_of({.path = dir.path(), .mode = S_IFDIR}), "");
  EXPECT_EQ(conflict_of({.path = "/dev/null", .mode = S_IFCHR, .rdev = makedev(1, 3)}), "");

  EXPECT_THAT(conflict_of({.path = dir / "gone", .mode = S_IFREG}), HasSubstr("is gone"));
  EXPECT_THAT(conflict_of({.path = dir / "file", .mode = S_IFREG, .size = 5}),
              HasSubstr("has 4 bytes, it had 5"));
  EXPECT_THAT(conflict_of({.path = dir / "file", .mode = S_IFREG, .size = 4, .mtime_ns = time + 1}),
              HasSubstr("was written since"));
  for (const char* name : {"file", "fifo"}) {
    EXPECT_THAT(conflict_of({.path = dir / name, .mode = S_IFDIR}), HasSubstr("another kind of file"));
    EXPECT_THAT(conflict_of({.path = dir / name, .mode = S_IFCHR, .rdev = makedev(1, 3)}),
                HasSubstr("another kind of file"));
  }
  EXPECT_THAT(conflict_of({.path = "/dev/zero", .mode = S_IFCHR, .rdev = makedev(1, 3)}),
              HasSubstr("is the device 1:5 now, it was 1:3"));
}

Plan plan_of(pid_t id) {
  Plan plan;
  plan.processes[id];
  return plan;
}

TEST(CheckIds, ATaskGroupOrSessionOfThatNumberIsAConflict) {
  EXPECT_THAT(conflict(check_ids(plan_of(::getpid()), false)), HasSubstr("is taken; restore in a fresh"));
  EXPECT_THAT(conflict(check_ids(plan_of(::getpid()), true)), HasSubstr("left running"));

  // Its leader ends and is awaited; the session's other member, of a group of its own, keeps the number from
  // being free.
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t leader = ::fork();
  if (leader == 0) {
    ::setsid();
    const pid_t member = ::fork();
    if (member == 0) ::pause();
    const bool done = member > 0 && ::setpgid(member, member) == 0 && ::write(told[1], &member, 4) == 4;
    ::_exit(done ? 0 : 1);
  }
  ASSERT_GT(leader, 0);
  int status = -1;
  ASSERT_EQ(::waitpid(leader, &status, 0), leader);
  ASSERT_EQ(status, 0);
  pid_t member = 0;
  ASSERT_EQ(::read(told[0], &member, 4), 4);
  EXPECT_THAT(conflict(check_ids(plan_of(leader), false)), HasSubstr("is taken"));
  ::kill(member, SIGKILL);
  ::close(told[0]), ::close(told[1]);
}

// Numbers of threads come back a moment after their process was awaited, and are waited for.
TEST(CheckIds, NumbersOfTheDeadAreFree) {
  for (int round = 0; round < 200; ++round) {
    auto* const ids = static_cast<std::atomic<pid_t>*>(
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(ids, MAP_FAILED);
    const pid_t child = ::fork();
    if (child == 0) {
      std::thread([&] {
        *ids = ::gettid();
        ::pause();
      }).join();
    }
    ASSERT_GT(child, 0);
    while (*ids == 0) std::this_thread::yield();
    const pid_t thread = *ids;
    ::munmap(ids, 4096);
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    Plan plan = plan_of(child);
    plan.processes[child].lists[thread];
    ASSERT_EQ(conflict(check_ids(plan, false)), "");
  }
}

TEST(CheckLimits, DescriptorsAboveTheHardLimitAreAConflict) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  Plan plan;
  plan.next_store_number = 300, plan.loader_fd = 10;
  EXPECT_EQ(conflict(check_limits(plan)), "");
  const auto limit = static_cast<int>(files.rlim_max);
  plan.loader_fd = limit - 5;  // the last number in use is the limit's last
  EXPECT_EQ(conflict(check_limits(plan)), "");
  plan.loader_fd = limit - 4;
  EXPECT_THAT(conflict(check_limits(plan)), HasSubstr(fmt::format("needs descriptor {}", limit)));
}

TEST(CheckLimits, WhoMayNotRaiseLimitsIsToldOfThem) {
  rlimit stack{};
  ASSERT_EQ(::getrlimit(RLIMIT_STACK, &stack), 0);
  if (stack.rlim_max == 0) GTEST_SKIP() << "the hard limit of stacks is 0 here: nothing is below";
  const pid_t child = ::fork();
  if (child == 0) {
    // Without capabilities, and with a limit below the plan's.
    const rlimit lower{0, stack.rlim_max == RLIM_INFINITY ? 1 << 20 : stack.rlim_max - 1};
    Plan plan;
    plan.hard_limits[RLIMIT_STACK] = lower.rlim_max;
    bool right = ::setrlimit(RLIMIT_STACK, &lower) == 0 && (::geteuid() != 0 || ::setuid(65534) == 0);
    right = right && conflict(check_limits(plan)).empty();
    ++plan.hard_limits[RLIMIT_STACK];
    right = right && conflict(check_limits(plan)).find("of resource 3, here it is") != std::string::npos;
    ::_exit(right ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(CheckCpuState, ComponentsThatThisCpuLacksAreAConflict) {
  Plan plan;
  std::string& xstate = plan.processes[100].departures[101].xstate;
  xstate.assign(576, '\0');
  EXPECT_EQ(conflict(check_cpu_state(plan)), "");
  const uint64_t strange = uint64_t{1} << 62 | 3;
  std::memcpy(xstate.data() + 512, &strange, sizeof(strange));
  EXPECT_THAT(conflict(check_cpu_state(plan)),
              HasSubstr("thread 101 uses the XSAVE components 0x4000000000000003"));
}

}  // namespace
}  // namespace cr::engine
