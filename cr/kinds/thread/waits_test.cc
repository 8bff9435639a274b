// Interrupted waits: which records are sound, and which call takes each of them up in both ABIs.
#include "cr/kinds/thread/waits.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include "cr/kinds/kinds_testing.h"

namespace cr::kinds {
namespace {

using exec::Abi;

constexpr uint64_t kForever = ~uint64_t{0};
constexpr uint64_t kSecond = 1'000'000'000;

Wait wait(Wait::Call call, bool compat, uint64_t remaining_ns) {
  Wait wait;
  wait.set_call(call), wait.set_compat(compat), wait.set_remaining_ns(remaining_ns);
  wait.set_address(0x5000);
  return wait;
}

struct Rearmed {
  exec::Program program;
  LateCall call;
  explicit Rearmed(const Wait& wait) : call(rearm_call(wait, 77, program.add_list("thread 77"))) {}

  // A time that the call's argument points to.
  template <typename Word>
  std::pair<int64_t, int64_t> time(size_t argument) const {
    Word words[2];
    EXPECT_EQ(call.args.at(argument).kind, exec::ArgKind::kData);
    std::memcpy(words, program.pool().data.data() + call.args.at(argument).value, sizeof(words));
    return {words[0], words[1]};
  }
};

TEST(RearmCall, Nanosleep) {
  Wait record = wait(Wait::NANOSLEEP, false, 3 * kSecond + 5);
  record.set_clock(CLOCK_BOOTTIME);
  const Rearmed rearmed(record);
  EXPECT_EQ(rearmed.call.tid, 77);
  EXPECT_EQ(rearmed.call.abi, Abi::k64);
  EXPECT_EQ(rearmed.call.number, SYS_clock_nanosleep);
  EXPECT_EQ(rearmed.call.args.at(0).value, static_cast<uint64_t>(CLOCK_BOOTTIME));
  EXPECT_EQ(rearmed.call.args.at(1).value, 0u) << "relative";
  EXPECT_EQ(rearmed.time<int64_t>(2), std::pair(int64_t{3}, int64_t{5}));
  EXPECT_EQ(rearmed.call.args.at(3).value, 0x5000u) << "where the rest goes";
}

// The kernel writes the rest in the width of the call, so that must be the one that was made.
TEST(RearmCall, NanosleepOf32BitsInBothWidths) {
  Wait record = wait(Wait::NANOSLEEP, true, 3 * kSecond + 5);
  const Rearmed wide(record);
  EXPECT_EQ(wide.call.abi, Abi::k32);
  EXPECT_EQ(wide.call.number, 407) << "clock_nanosleep_time64";
  EXPECT_EQ(wide.time<int64_t>(2), std::pair(int64_t{3}, int64_t{5}));
  record.set_narrow(true);
  const Rearmed narrow(record);
  EXPECT_EQ(narrow.call.abi, Abi::k32);
  EXPECT_EQ(narrow.call.number, 267) << "clock_nanosleep";
  EXPECT_EQ(narrow.time<int32_t>(2), std::pair(int64_t{3}, int64_t{5}));
}

TEST(RearmCall, ANarrowSleepLongerThanItsTimesIsCut) {
  Wait record = wait(Wait::NANOSLEEP, true, (uint64_t{1} << 32) * kSecond);
  record.set_narrow(true);
  EXPECT_EQ(Rearmed(record).time<int32_t>(2).first, INT32_MAX);
}

TEST(RearmCall, PollRoundsUpAndKnowsForever) {
  for (const bool compat : {false, true}) {
    Wait record = wait(Wait::POLL, compat, 1'000'001);
    record.set_count(9);
    const Rearmed rearmed(record);
    EXPECT_EQ(rearmed.call.abi, compat ? Abi::k32 : Abi::k64);
    EXPECT_EQ(rearmed.call.number, compat ? 168 : SYS_poll);
    EXPECT_EQ(rearmed.call.args.at(0).value, 0x5000u);
    EXPECT_EQ(rearmed.call.args.at(1).value, 9u);
    EXPECT_EQ(rearmed.call.args.at(2).value, 2u) << "never shorter than asked for";
    record.set_remaining_ns(kForever);
    EXPECT_EQ(static_cast<int64_t>(Rearmed(record).call.args.at(2).value), -1);
    record.set_remaining_ns((uint64_t{1} << 33) * kSecond);
    EXPECT_EQ(Rearmed(record).call.args.at(2).value, static_cast<uint64_t>(INT32_MAX));
  }
}

TEST(RearmCall, Futex) {
  for (const bool compat : {false, true}) {
    Wait record = wait(Wait::FUTEX, compat, 2 * kSecond);
    record.set_operation(FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG), record.set_value(5),
        record.set_bitset(0xff);
    const Rearmed rearmed(record);
    EXPECT_EQ(rearmed.call.abi, compat ? Abi::k32 : Abi::k64);
    EXPECT_EQ(rearmed.call.number, compat ? 422 : SYS_futex);
    EXPECT_EQ(rearmed.call.args.at(0).value, 0x5000u);
    EXPECT_EQ(rearmed.call.args.at(1).value, static_cast<uint64_t>(FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG));
    EXPECT_EQ(rearmed.call.args.at(2).value, 5u);
    EXPECT_EQ(rearmed.time<int64_t>(3), std::pair(int64_t{2}, int64_t{0}));
    EXPECT_EQ(rearmed.call.args.at(5).value, 0xffu);
  }
}

TEST(Wait, EachWrongFieldIsNamed) {
  const auto with = [](const Wait& wait) { return [wait](Sample& s) { s.add_wait(100) = wait; }; };
  Wait unknown = wait(static_cast<Wait::Call>(3), false, 1);
  Wait futex = wait(Wait::FUTEX, false, 1);
  futex.set_operation(FUTEX_WAKE);
  Wait high = wait(Wait::POLL, true, 1);
  high.set_address(uint64_t{1} << 32);
  Wait clock = wait(Wait::NANOSLEEP, false, 1);
  clock.set_clock(CLOCK_PROCESS_CPUTIME_ID);
  Wait kernel = wait(Wait::FUTEX, false, 1);
  kernel.set_address(0x7ffffffff000);
  Wait wide = wait(Wait::NANOSLEEP, false, 1);
  wide.set_narrow(true);
  expect_each_is_named(small_tree, {
                                       {"thread 100: a wait of unknown kind 3", with(unknown)},
                                       {"a wait for 9000000000000000000 ns",
                                        with(wait(Wait::POLL, false, 9000000000000000000))},
                                       {"a futex wait by operation 1", with(futex)},
                                       {"a 32-bit wait at 0x100000000", with(high)},
                                       {"a sleep on clock 2", with(clock)},
                                       {"32-bit times in a wait that has none", with(wide)},
                                       {"a wait at 0x7ffffffff000", with(kernel)},
                                   });
}

TEST(Wait, ItsRegistersAreThoseOfAnInterruptedCall) {
  const auto registers = [](Sample& s) -> Registers& { return *s.thread(100).mutable_registers(); };
  const auto poll = [] {
    Sample sample = small_tree();
    sample.add_wait(100).set_address(0x700000);
    return sample;
  };
  expect_each_is_named(
      poll, {
                {"thread 100: a wait, and registers (rax 0x0, rip 0x401000, cs 0x33) that are in none",
                 [&](Sample& s) { registers(s).set_rax(0); }},
                {"registers (rax 0xfffffffffffffe00",  // ERESTARTSYS: the same call again
                 [&](Sample& s) { registers(s).set_rax(static_cast<uint64_t>(-512)); }},
                {"that are in none", [&](Sample& s) { registers(s).set_orig_rax(~uint64_t{0}); }},
                {"rip 0x1, cs 0x33) that are in none", [&](Sample& s) { registers(s).set_rip(1); }},
                {"rip 0xffffffffff600400, cs 0x33) that are in none",
                 [&](Sample& s) { registers(s).set_rip(0xffffffffff600400); }},
                {"cs 0x23) that are in none", [&](Sample& s) { registers(s).set_cs(0x23); }},
                {"thread 100: registers of an interrupted wait, and no record of it",
                 [](Sample& s) { s.thread(100).clear_wait(); }},
            });
  Sample compat = poll();
  compat.thread(100).mutable_wait()->set_compat(true);
  EXPECT_TRUE(validate_all(compat.records)) << "int $0x80 in 64-bit code";
  registers(compat).set_cs(0x23);
  EXPECT_TRUE(validate_all(compat.records));
  registers(compat).set_rax(static_cast<uint32_t>(-516));
  EXPECT_TRUE(validate_all(compat.records)) << "in the low half alone";
}

TEST(Wait, SoundOnesPass) {
  for (const Wait::Call call : {Wait::NANOSLEEP, Wait::POLL, Wait::FUTEX}) {
    for (const uint64_t remaining : {uint64_t{0}, uint64_t{1}, (uint64_t{1} << 33) * kSecond, kForever}) {
      for (const bool compat : {false, true}) EXPECT_TRUE(validate_wait(wait(call, compat, remaining)));
    }
  }
}

TEST(WaitsForEver, OnlySigwaitWithoutATimeOut) {
  trace::ThreadState thread;
  thread.regs.cs = 0x33;
  thread.regs.orig_rax = SYS_rt_sigtimedwait;
  EXPECT_TRUE(waits_for_ever(thread));
  thread.regs.rdx = 0x1000;
  EXPECT_FALSE(waits_for_ever(thread));
  thread.regs.rdx = 0, thread.regs.orig_rax = SYS_epoll_wait;
  EXPECT_FALSE(waits_for_ever(thread));
  thread.regs.cs = 0x23;
  for (const uint64_t number : {177, 421}) {
    thread.regs.orig_rax = number;
    EXPECT_TRUE(waits_for_ever(thread));
    thread.regs.rdx = 1;
    EXPECT_FALSE(waits_for_ever(thread));
    thread.regs.rdx = 0;
  }
}

}  // namespace
}  // namespace cr::kinds
