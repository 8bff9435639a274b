// A sound area passes; with any one index, offset or address out of bounds it does not.
#include "cr/executor/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <functional>
#include <random>

#include "cr/executor/hosted.h"

namespace cr::exec {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kBase = 0x40000000;

// One op of each kind; the index of each is its name below.
enum : uint32_t { kCall, kLoad, kStore, kCopying, kReading, kSpawning, kTrapping, kHome, kJumping };

class Check : public ::testing::Test {
 protected:
  Check() {
    ListBuilder& list = program_.add_list("list");
    const ListBuilder& child = program_.add_list("child");
    const Data data = list.reserve(64);
    const Slot slot = list.fresh_slot();
    list.syscall(Abi::k32, SYS_read, {slot, data, 64}).save(slot).because("why");
    list.load64(slot, data);
    list.store32(data.from(60), slot);
    list.copy(data, data.from(32), 32);
    list.read_fully(slot, data, 64, 0);
    list.spawn(child, {.exit_signal = 17});
    list.trap(1);
    list.sigreturn(data);
    list.jump(0);
    area_ = program_.lay_out(kBase).value();
  }

  Control& control() { return *reinterpret_cast<Control*>(area_.bytes.data() + area_.code_size); }
  Op& op(uint32_t index) { return reinterpret_cast<Op*>(area_.bytes.data() + area_.ops)[index]; }
  void refused_after(const std::function<void()>& spoil, const char* words) {
    const Area sound = area_;
    spoil();
    const auto verdict = check(area_);
    EXPECT_FALSE(verdict) << words;
    if (!verdict) EXPECT_THAT(verdict.error().message(), HasSubstr(words));
    area_ = sound;
  }

  Program program_;
  Area area_;
};

TEST_F(Check, ASoundAreaPasses) {
  const auto verdict = check(area_);
  EXPECT_TRUE(verdict) << verdict.error().message();
}

TEST_F(Check, EveryIndexIsLookedAt) {
  refused_after([&] { op(kCall).slot = 1; }, "op 0: slot 1 of 1");
  refused_after([&] { op(kCall).args[0] = 1; }, "op 0: slot 1 of 1");
  refused_after([&] { op(kCall).reason = 1; }, "reason 1 of 1");
  refused_after([&] { op(kCall).arg_kinds[2] = static_cast<ArgKind>(3); }, "kind 3");
  refused_after([&] { op(kCall).args[1] = area_.data_size + 1; }, "data+");
  refused_after([&] { op(kCall).abi = static_cast<Abi>(2); }, "ABI 2");
  refused_after([&] { op(kCall).expect = static_cast<Expect>(3); }, "expectation 3");
  refused_after([&] { op(kCall).kind = static_cast<OpKind>(0); }, "kind 0");
  refused_after([&] { op(kCall).kind = static_cast<OpKind>(12); }, "kind 12");
  refused_after([&] { op(kJumping).args[0] = 10; }, "jumps to op 10 of 9");
  refused_after([&] { op(kTrapping).args[0] = uint64_t{1} << 32; }, "tag");
}

TEST_F(Check, DataIsAccessedInsideTheData) {
  refused_after([&] { op(kLoad).args[0] = area_.data_size - 4; }, "8 bytes at");
  refused_after([&] { op(kLoad).args[0] = ~uint64_t{7}; }, "8 bytes at");
  refused_after([&] { op(kLoad).args[0] = 4; }, "8 bytes at");
  refused_after([&] { op(kLoad).arg_kinds[0] = ArgKind::kData; }, "literal");
  refused_after([&] { op(kStore).args[0] = area_.data_size; }, "4 bytes at");
  refused_after([&] { op(kCopying).args[2] = area_.data_size; }, "copies");
  refused_after([&] { op(kCopying).args[2] = ~uint64_t{0}; }, "copies");
  refused_after([&] { op(kHome).args[1] = 1; }, "one too many");
}

TEST_F(Check, AChildRunsOnItsOwnStack) {
  refused_after([&] { op(kSpawning).args[2] = 2; }, "spawns list 2 of 2");
  refused_after([&] { op(kSpawning).args[2] = 0; }, "stack in clone_args");
  refused_after([&] { op(kSpawning).args[1] = 8; }, "clone_args at");
  refused_after([&] { op(kSpawning).args[1] = ~uint64_t{0}; }, "clone_args at");
  refused_after([&] { op(kSpawning).arg_kinds[0] = ArgKind::kLiteral; }, "clone_args must be data");
}

TEST_F(Check, ControlsPointIntoTheArea) {
  refused_after([&] { control().ops = kBase; }, "op section");
  refused_after([&] { control().ops = 0; }, "op section");
  refused_after([&] { control().ops += 1; }, "op section");
  refused_after([&] { control().op_count = 0x7fffffff; }, "op section");
  refused_after([&] { control().slots += 8; }, "slots at");
  refused_after([&] { control().data = 0; }, "data at");
  refused_after([&] { control().controls = 0; }, "controls at");
  refused_after([&] { control().stack_top -= kStackSize; }, "stack top");
  refused_after([&] { control().next = 1; }, "already run");
  refused_after([&] { control().on_failure = 10; }, "on failure");
}

TEST_F(Check, SectionsAreInOrderAndInside) {
  refused_after([&] { area_.bytes.resize(area_.code_size); }, "sections");
  refused_after([&] { area_.bytes.pop_back(); }, "whole pages");
  refused_after([&] { area_.base += 8; }, "whole pages");
  refused_after([&] { area_.code_size = 0; }, "no code");
  refused_after([&] { area_.list_count = 0xffffffff; }, "sections");
  refused_after([&] { area_.slot_count = 0xffffffff; }, "sections");
  refused_after([&] { area_.data_size = ~uint64_t{0}; }, "sections");
  refused_after([&] { area_.stacks = ~uint64_t{15}; }, "sections");
  refused_after([&] { area_.base = ~uint64_t{0xfff}; }, "wraps");
  refused_after([&] { area_.reason_counts.pop_back(); }, "reasons");
}

// Whatever the bytes, the check ends, and what it lets through the interpreter runs without a stray access.
// System calls are replaced by one without effect, because random ones are not this test's business.
TEST(CheckProperty, WhatPassesRunsInsideTheArea) {
  constexpr unsigned kSeed = 20240611;
  std::mt19937_64 random(kSeed);
  int passed = 0;
  for (int round = 0; round < 20'000; ++round) {
    Program program;
    ListBuilder& list = program.add_list("random");
    const Data data = list.reserve(64);
    for (int i = 0; i < 4; ++i) list.fresh_slot();
    for (int i = 0; i < 3; ++i) {
      list.load64({static_cast<uint32_t>(random() % 5)}, {random() % 80, 8});
      list.store32({random() % 72, 4}, Slot{static_cast<uint32_t>(random() % 5)});
      list.copy(Data{random() % 40, 0}, Data{random() % 40, 0}, random() % 48);
    }
    auto hosted = HostedProgram::load(program);  // checks
    if (!hosted) continue;
    ++passed;
    const auto state = hosted->run(list);
    ASSERT_TRUE(state) << "seed " << kSeed << " round " << round;
    ASSERT_EQ(*state, State::kDone);
    ASSERT_EQ(hosted->bytes(data).size(), 64u);
  }
  EXPECT_GT(passed, 20) << "the check lets nothing through";
  EXPECT_LT(passed, 10'000) << "the check lets everything through";
}

TEST_F(Check, SurvivesAnyByteFlipped) {
  for (uint64_t at = area_.code_size; at < area_.bytes.size();
       at += at < area_.stacks || at >= area_.ops ? 1 : 512) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      area_.bytes[at] = static_cast<char>(area_.bytes[at] ^ flip);
      (void)check(area_).has_value();
      area_.bytes[at] = static_cast<char>(area_.bytes[at] ^ flip);
    }
  }
  EXPECT_TRUE(check(area_));
}

}  // namespace
}  // namespace cr::exec
