// A loader executed for real: a fresh address space of the right word size, with the area at its place and
// running.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include <cstring>

#include "cr/executor/check.h"
#include "cr/executor/loader.h"
#include "cr/executor/test_task.h"
#include "cr/executor/text.h"

namespace cr::exec {
namespace {

using test::Seen;
using test::TestTask;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint64_t kLoadAddress = 0x10000000, kAreaBase = 0x20000000, kAbove4GiB = uint64_t{1} << 36;

// A traced child that executes `loader`, stopped after the execve.
pid_t execute(const std::string& loader) {
  const int file = test::memory_file(loader, MFD_CLOEXEC);
  const pid_t pid = ::fork();
  CR_CHECK(pid >= 0);
  if (pid == 0) {
    ::ptrace(PTRACE_TRACEME, 0, 0, 0);
    char name[] = "restored";
    char* const argv[] = {name, nullptr};
    char* const envp[] = {nullptr};
    ::syscall(SYS_execveat, file, "", argv, envp, AT_EMPTY_PATH);
    ::_exit(99);
  }
  ::close(file);
  const Seen seen = test::wait_for(pid);
  EXPECT_TRUE(seen.stopped && seen.signal == SIGTRAP) << "execveat failed, exit status " << seen.exit_status;
  return pid;
}

class Loader : public ::testing::TestWithParam<WordSize> {
 protected:
  bool wide() const { return GetParam() == WordSize::k64; }
};

TEST_P(Loader, EntersTheAreaInAFreshAddressSpace) {
  Program program;
  ListBuilder& other = program.add_list("never run");
  ListBuilder& list = program.add_list("first");
  other.trap();
  const Slot pid = list.fresh_slot(), high = list.fresh_slot(), anywhere = list.fresh_slot();
  list.syscall(Abi::k64, SYS_getpid, {}).save(pid);
  list.syscall(Abi::k64, SYS_mmap,
               {kAbove4GiB, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0})
      .any()
      .save(high);
  list.syscall(Abi::k64, SYS_mmap, {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0})
      .any()
      .save(anywhere);
  list.trap(3);
  auto area = program.lay_out(kAreaBase);
  ASSERT_TRUE(area);
  ASSERT_TRUE(check(*area));
  const int plan = test::memory_file(area->bytes, 0);
  const auto loader =
      make_loader(GetParam(), LoaderParams::for_list(*area, list.index(), kLoadAddress, plan));
  ASSERT_TRUE(loader) << loader.error().message();

  TestTask task(execute(*loader));
  const Seen seen = task.resume();
  ASSERT_TRUE(seen.stopped) << "exit status " << seen.exit_status;
  ASSERT_EQ(seen.signal, SIGTRAP);
  const Control control = task.control(*area, list);
  ASSERT_EQ(control.state, State::kTrapped);
  EXPECT_EQ(control.trap_tag, 3u);
  EXPECT_EQ(task.value(*area, pid), static_cast<uint64_t>(task.pid()));
  // A plan for a 32-bit task must name its addresses: the native mmap would search above 4 GiB.
  EXPECT_EQ(static_cast<int64_t>(task.value(*area, anywhere)) == -ENOMEM, !wide());
  // The kernel keeps the native mmap of a 32-bit address space below 4 GiB, whatever the code segment.
  EXPECT_EQ(static_cast<int64_t>(task.value(*area, high)),
            wide() ? static_cast<int64_t>(kAbove4GiB) : -ENOMEM);
  EXPECT_EQ(task.registers().cs, 0x33u);

  const std::string maps = task.maps();
  const uint64_t code_end = area->base + area->code_size, end = area->base + area->size();
  EXPECT_THAT(maps, HasSubstr(fmt::format("{:x}-{:x} r-xp", area->base, code_end)));
  EXPECT_THAT(maps, HasSubstr(fmt::format("{:x}-{:x} rw-p", code_end, end)));
  EXPECT_THAT(maps, HasSubstr(fmt::format("{:x}-{:x} r-xp", kLoadAddress, kLoadAddress + 4096)));
  EXPECT_THAT(maps, Not(HasSubstr("rwxp")));
  // The plan file itself is not written to: another task may start from it.
  std::string file(area->size(), '\0');
  ASSERT_EQ(::pread(plan, file.data(), file.size(), 0), static_cast<ssize_t>(file.size()));
  EXPECT_TRUE(file == area->bytes);
  ::close(plan);
}

TEST_P(Loader, SaysByItsExitStatusThatItCouldNotMap) {
  Program program;
  const ListBuilder& list = program.add_list("never run");
  const auto area = program.lay_out(kAreaBase);
  ASSERT_TRUE(area);
  const auto loader =
      make_loader(GetParam(), LoaderParams::for_list(*area, list.index(), kLoadAddress, 9999));
  ASSERT_TRUE(loader);
  TestTask task(execute(*loader));
  const Seen seen = task.resume();
  EXPECT_FALSE(seen.stopped);
  EXPECT_EQ(seen.exit_status, kLoaderCannotMap);
}

TEST_P(Loader, RefusesAddressesThatCannotWork) {
  Program program;
  const ListBuilder& list = program.add_list("list");
  const auto area = program.lay_out(kAreaBase);
  ASSERT_TRUE(area);
  const LoaderParams good = LoaderParams::for_list(*area, list.index(), kLoadAddress, 3);
  EXPECT_TRUE(make_loader(GetParam(), good));
  LoaderParams bad = good;
  bad.load_address = area->base;
  EXPECT_FALSE(make_loader(GetParam(), bad));
  bad = good, bad.load_address += 8;
  EXPECT_FALSE(make_loader(GetParam(), bad));
  bad = good, bad.code_size = bad.area_size;
  EXPECT_FALSE(make_loader(GetParam(), bad));
  bad = good, bad.area_base = kAbove4GiB;
  EXPECT_EQ(make_loader(GetParam(), bad).has_value(), wide());
  bad = good, bad.area_base = ~uint64_t{0xfff};
  EXPECT_FALSE(make_loader(GetParam(), bad));
}

INSTANTIATE_TEST_SUITE_P(BothWordSizes, Loader, ::testing::Values(WordSize::k64, WordSize::k32),
                         [](const auto& info) { return info.param == WordSize::k64 ? "Elf64" : "Elf32"; });

}  // namespace
}  // namespace cr::exec
