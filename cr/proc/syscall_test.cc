#include "cr/proc/syscall.h"

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

TEST(Syscall, Of64Bits) {
  const auto info = parse_syscall(captured("syscall-64"));
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_EQ(info->where, SyscallInfo::Where::kSystemCall);
  EXPECT_EQ(info->nr, 230);  // clock_nanosleep
  EXPECT_EQ(info->args, (std::array<uint64_t, 6>{0, 0, 0x7ffc95b360f0, 0, 0, 0x64}));
  EXPECT_EQ(info->sp, 0x7ffc95b360d8u);
  EXPECT_EQ(info->pc, 0x7feee72eb503u);
}

TEST(Syscall, Of32Bits) {
  const auto info = parse_syscall(captured("syscall-32"));
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_EQ(info->nr, 267);  // clock_nanosleep there
  EXPECT_EQ(info->pc, 0xf7f045e9u);
}

TEST(Syscall, OutsideAndRunning) {
  const auto stopped = parse_syscall(captured("syscall-stopped"));
  ASSERT_TRUE(stopped) << stopped.error().message();
  EXPECT_EQ(stopped->where, SyscallInfo::Where::kOutside);
  EXPECT_EQ(stopped->nr, -1);
  EXPECT_EQ(stopped->sp, 0x7ffed3dd3ec0u);
  EXPECT_EQ(stopped->pc, 0x52b8ceu);
  const auto running = parse_syscall("running\n");
  ASSERT_TRUE(running) << running.error().message();
  EXPECT_EQ(running->where, SyscallInfo::Where::kRunning);
}

TEST(Syscall, BrokenLinesAreNamed) {
  expect_error(parse_syscall(""), {"running"});
  expect_error(parse_syscall("runs\n"), {"runs", "running"});
  expect_error(parse_syscall("1 0x0 0x1 0x2\n"), {"six"});
  expect_error(parse_syscall("-1 0x0\n"), {"stack pointer"});
  expect_error(parse_syscall("-1 0x0 0x1 0x2\n"), {"stack pointer"});
  expect_error(parse_syscall("-1 0x0 12\n"), {"instruction pointer"});
  expect_error(parse_syscall("-1 0x0 0x10000000000000000\n"), {"instruction pointer"});
}

TEST(Syscall, CutAnywhere) {
  expect_no_cut_parses(captured("syscall-64"), parse_syscall);
  expect_no_cut_parses(captured("syscall-stopped"), parse_syscall);
  expect_no_cut_parses("running\n", parse_syscall);
}

}  // namespace
}  // namespace cr::proc
