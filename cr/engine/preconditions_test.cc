// What has changed since the checkpoint is named before anything is made.
#include "cr/engine/preconditions.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/membarrier.h>
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
#include <functional>
#include <thread>

#include "cr/kinds/memory/own_vdso.h"
#include "cr/sys/cpu.h"
#include "cr/sys/fd.h"
#include "cr/sys/sys_testing.h"

namespace cr::engine {
namespace {

using kinds::FileCheck;
using kinds::own_vdso;
using kinds::Plan;
using ::testing::HasSubstr;
using ::testing::Not;

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

std::string conflict_of_stdio(int fd, uint32_t wanted, bool reads, bool writes) {
  Plan plan;
  plan.stdio.push_back({fd, wanted, reads, writes});
  return conflict(check_stdio(plan));
}

TEST(CheckStdio, WhatStandsInCanBeReadAndWrittenAsTheTreeDoes) {
  const sys::TempDir dir;
  const auto open = [&](int flags) { return sys::open(dir / "file", flags | O_CREAT, 0600).value(); };
  const auto read = open(O_RDONLY), write = open(O_WRONLY | O_APPEND), both = open(O_RDWR);
  constexpr uint32_t kLargefile = 0100000;
  for (const uint32_t other : {0u, kLargefile, uint32_t{O_APPEND}, uint32_t{O_DSYNC}, uint32_t{O_NOATIME},
                               uint32_t{O_NONBLOCK}, uint32_t{O_ASYNC}}) {
    EXPECT_EQ(conflict_of_stdio(read.get(), O_RDWR | other, true, false), "");
    EXPECT_EQ(conflict_of_stdio(write.get(), O_RDWR | other, false, true), "");
    EXPECT_EQ(conflict_of_stdio(both.get(), O_RDWR | other, true, true), "");
  }
  const std::string number = std::to_string(write.get());
  EXPECT_THAT(conflict_of_stdio(write.get(), O_RDWR, true, false),
              HasSubstr("descriptor " + number +
                        " of this command cannot be read, and the tree is to have it: "
                        "it is O_WRONLY, the tree's was O_RDWR; redirect it to a terminal, < FILE"));
  EXPECT_THAT(conflict_of_stdio(read.get(), O_WRONLY, false, true), HasSubstr("cannot be written"));
  EXPECT_THAT(conflict_of_stdio(read.get(), O_RDWR, true, true), HasSubstr("cannot be written"));
}

TEST(CheckStdio, WhatMakesWaitDoesSoAsBefore) {
  int ends[2], waiting[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  ASSERT_EQ(::pipe2(waiting, O_CLOEXEC), 0);
  EXPECT_EQ(conflict_of_stdio(ends[0], O_NONBLOCK, true, false), "");
  EXPECT_EQ(conflict_of_stdio(waiting[0], O_RDONLY, true, false), "");
  EXPECT_THAT(conflict_of_stdio(ends[0], O_RDONLY, true, false),
              HasSubstr("it is O_RDONLY|O_NONBLOCK, the tree's was O_RDONLY;"));
  EXPECT_THAT(conflict_of_stdio(waiting[1], O_WRONLY | O_NONBLOCK, false, true),
              HasSubstr("it is O_WRONLY, the tree's was O_WRONLY|O_NONBLOCK;"));
  const auto null = sys::open("/dev/null", O_RDWR).value(), tty = sys::open("/dev/ptmx", O_RDWR).value();
  EXPECT_EQ(conflict_of_stdio(null.get(), O_RDWR | O_NONBLOCK, true, true), "");
  EXPECT_THAT(conflict_of_stdio(tty.get(), O_RDWR | O_NONBLOCK, true, true),
              HasSubstr("has another O_NONBLOCK"));
  ASSERT_EQ(::fcntl(waiting[1], F_SETFL, O_DIRECT), 0);
  EXPECT_THAT(conflict_of_stdio(waiting[1], O_WRONLY, false, true), HasSubstr("it is O_WRONLY|O_DIRECT"));
  for (const int fd : {ends[0], ends[1], waiting[0], waiting[1]}) ::close(fd);
}

TEST(CheckStdio, AClosedDescriptorStandsInForNothing) {
  const auto path = sys::open("/dev/null", O_PATH).value();
  EXPECT_THAT(conflict_of_stdio(path.get(), O_RDONLY, true, false), HasSubstr("is closed"));
  EXPECT_THAT(conflict_of_stdio(1 << 20, O_RDONLY, true, false), HasSubstr("is closed"));
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
  // Nobody has it who could be seen, so it is waited for: not beyond the deadline.
  Operation operation;
  const auto start = Clock::now();
  operation.deadline = start + std::chrono::milliseconds(50);
  const auto late = check_ids(plan_of(leader), false, operation);
  EXPECT_LT(Clock::now() - start, std::chrono::milliseconds(900));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), ErrorKind::kDeadline) << late.error().message();
  ::kill(member, SIGKILL);
  ::close(told[0]), ::close(told[1]);
}

TEST(CheckIds, NumbersThatTheKernelGivesNobodyAreAConflict) {
  const auto limit = std::stoi(sys::read_file("/proc/sys/kernel/pid_max").value());
  for (const pid_t id : {limit, limit + 1, (1 << 22) + 1})
    EXPECT_THAT(conflict(check_ids(plan_of(id), false)),
                HasSubstr(fmt::format("the id {} is too high here, where all are below {}", id, limit)));
  Plan plan = plan_of(limit - 1);
  EXPECT_THAT(conflict(check_ids(plan, false)), Not(HasSubstr("too high")));
  plan.processes[limit - 1].lists[limit];
  EXPECT_THAT(conflict(check_ids(plan, false)), HasSubstr("too high"));
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

TEST(CheckMembarrier, CommandsThatThisKernelLacksAreAConflict) {
  Plan plan;
  EXPECT_EQ(conflict(check_membarrier(plan)), "");
  plan.membarrier = MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
  EXPECT_EQ(conflict(check_membarrier(plan)), "");
  plan.membarrier |= 1u << 30;
  EXPECT_THAT(conflict(check_membarrier(plan)),
              HasSubstr("for membarrier commands 0x40000010, this kernel lacks 0x40000000 of them"));
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

// In a child without capabilities.
bool holds_for_nobody(const std::function<bool()>& what) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit((::geteuid() != 0 || ::setuid(65534) == 0) && what() ? 0 : 1);
  int status = -1;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

TEST(CheckLimits, APipeThatMayNotBeMadeAsLargeIsAConflict) {
  uint64_t most = 0;
  ASSERT_TRUE(std::ifstream("/proc/sys/fs/pipe-max-size") >> most);
  Plan plan;
  for (const uint64_t capacity : {uint64_t{0}, uint64_t{4096}, most}) {
    plan.pipe_capacity = capacity;
    EXPECT_TRUE(holds_for_nobody([&] { return conflict(check_limits(plan)).empty(); })) << capacity;
  }
  plan.pipe_capacity = 2 * most;
  EXPECT_TRUE(holds_for_nobody([&] {
    return conflict(check_limits(plan)).find("takes a higher fs.pipe-max-size here") != std::string::npos;
  }));
}

TEST(CheckLimits, AProgramBelowTheLowestAddressIsAConflict) {
  uint64_t lowest = 0;
  ASSERT_TRUE(std::ifstream("/proc/sys/vm/mmap_min_addr") >> lowest);
  Plan plan;
  plan.lowest_layout = lowest;
  EXPECT_EQ(conflict(check_limits(plan)), "");
  if (lowest == 0) GTEST_SKIP() << "vm.mmap_min_addr is 0 here: nothing is below";
  plan.lowest_layout = lowest - 1;
  EXPECT_THAT(conflict(check_limits(plan)), HasSubstr("below the lowest address"));
}

TEST(CheckCpuState, ComponentsThatEndElsewhereOnThisCpuAreAConflict) {
  if ((sys::xsave_components() & 4) == 0) GTEST_SKIP() << "this CPU has no component beyond the first two";
  Plan plan;
  std::string& xstate = plan.processes[100].departures[101].xstate;
  const uint64_t with_avx = 7;
  for (const size_t size : {size_t{832}, size_t{831}}) {
    xstate.assign(size, '\0');
    std::memcpy(xstate.data() + 512, &with_avx, sizeof(with_avx));
    if (size == 832) {
      EXPECT_EQ(conflict(check_cpu_state(plan)), "");
    } else {
      EXPECT_THAT(conflict(check_cpu_state(plan)),
                  HasSubstr("an XSAVE area of 831 bytes, its components 0x7 end at 832"));
    }
  }
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

TEST(CheckCpuState, AnImageThatIsLargerThanThisCpusIsAConflict) {
  Plan plan;
  std::string& xstate = plan.processes[100].departures[101].xstate;
  xstate.assign(sys::xsave_size(), '\0');
  EXPECT_EQ(conflict(check_cpu_state(plan)), "");
  xstate += '\0';
  EXPECT_THAT(conflict(check_cpu_state(plan)),
              HasSubstr(fmt::format("thread 101 has an XSAVE image of {} bytes", xstate.size())));
}

TEST(OwnVdso, NobodyIsLeftOfWhoWasAsked) {
  ASSERT_TRUE(own_vdso(WordSize::k32));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace cr::engine
