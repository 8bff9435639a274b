// What the kernel leaves in rax of an interrupted call, in every form it comes in.
#include "cr/trace/thread_state.h"

#include <gtest/gtest.h>

namespace cr::trace {
namespace {

user_regs_struct interrupted(uint64_t rax, uint64_t orig_rax = 35) {
  user_regs_struct regs{};
  regs.rax = rax;
  regs.orig_rax = orig_rax;
  regs.rip = 0x401002;
  return regs;
}

constexpr uint64_t negative(uint64_t number) { return ~number + 1; }
constexpr uint64_t negative_of_32(uint32_t number) { return ~number + 1u; }

constexpr uint64_t kUserCode32 = 0x23;

struct Case {
  uint32_t error;
  Restart expected;
};

constexpr Case kCases[] = {
    {512, Restart::kSame},                          // ERESTARTSYS
    {513, Restart::kSame},                          // ERESTARTNOINTR
    {514, Restart::kSame},                          // ERESTARTNOHAND
    {515, Restart::kNone},                          // ENOIOCTLCMD never leaves the kernel
    {516, Restart::kBlock},                         // ERESTART_RESTARTBLOCK
    {511, Restart::kNone},  {517, Restart::kNone},  // EPROBE_DEFER
    {4, Restart::kNone},                            // EINTR: the call is over
    {11, Restart::kNone},                           // EAGAIN
};

TEST(RestartOf, EveryErrorInTheFormOfBothAbis) {
  for (const Case& known : kCases) {
    EXPECT_EQ(restart_of(interrupted(negative(known.error))), known.expected) << known.error;
    user_regs_struct compat = interrupted(negative_of_32(known.error));
    EXPECT_EQ(restart_of(compat), Restart::kNone) << known.error << ": a large result of a 64-bit call";
    compat.cs = kUserCode32;
    EXPECT_EQ(restart_of(compat), known.expected) << known.error << ", 32 bits";
  }
}

TEST(RestartOf, OnlyInsideACall) {
  for (const uint64_t no_call : {~uint64_t{0}, negative(2), uint64_t{1} << 63}) {
    EXPECT_EQ(restart_of(interrupted(negative(512), no_call)), Restart::kNone);
    EXPECT_EQ(restart_of(interrupted(negative(516), no_call)), Restart::kNone);
  }
  EXPECT_EQ(restart_of(interrupted(negative(512), 0)), Restart::kSame) << "read is call 0";
}

TEST(RestartOf, ResultsThatOnlyEndLikeAnError) {
  for (const uint64_t rax : {uint64_t{0}, uint64_t{512}, uint64_t{516}, uint64_t{0x1fffffe00},
                             uint64_t{0x7ffffffffe00}, uint64_t{0xfffffffefffffe00}})
    EXPECT_EQ(restart_of(interrupted(rax)), Restart::kNone) << std::hex << rax;
}

TEST(Restarted, MakesTheSameCallAgain) {
  for (const uint64_t rax :
       {negative(512), negative(513), negative(514), negative(516), negative_of_32(512)}) {
    user_regs_struct before = interrupted(rax, 230);
    if (rax >> 32 == 0) before.cs = kUserCode32;
    before.rdi = 7, before.rsp = 8, before.rcx = 0x401002, before.r11 = 0x246;
    const user_regs_struct after = restarted(before);
    EXPECT_EQ(after.rax, 230u);
    EXPECT_EQ(after.rip, 0x401000u);
    EXPECT_EQ(after.orig_rax, ~uint64_t{0}) << "or the kernel would restart it once more";
    EXPECT_EQ(after.rdi, 7u);
    EXPECT_EQ(after.rsp, 8u);
  }
}

TEST(Restarted, LeavesFinishedCallsAlone) {
  for (const uint64_t rax : {uint64_t{0}, uint64_t{42}, negative(4)}) {
    const user_regs_struct after = restarted(interrupted(rax));
    EXPECT_EQ(after.rax, rax);
    EXPECT_EQ(after.rip, 0x401002u);
    EXPECT_EQ(after.orig_rax, ~uint64_t{0});
  }
}

}  // namespace
}  // namespace cr::trace
