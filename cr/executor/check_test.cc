// A sound area passes; with any one index, offset or address out of bounds it does not.
#include "cr/executor/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstring>
#include <functional>
#include <random>

#include "cr/executor/hosted.h"

namespace cr::exec {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kBase = 0x40000000;

// One op of each kind; the index of each is its name below.
enum : uint32_t { kCall, kLoad, kStore, kCopying, kReading, kSpawning, kTrapping, kHome, kJumping };

Program random_program(std::mt19937_64& random) {
  Program program;
  ListBuilder& list = program.add_list("random");
  list.reserve(64);
  for (int i = 0; i < 4; ++i) list.fresh_slot();
  for (int i = 0; i < 3; ++i) {
    list.load64({static_cast<uint32_t>(random() % 5)}, {random() % 10 * 8, 8});
    list.store32({random() % 20 * 4, 4}, Slot{static_cast<uint32_t>(random() % 5)});
    list.copy(Data{random() % 40, 0}, Data{random() % 40, 0}, random() % 48);
  }
  return program;
}

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
    EXPECT_THAT(verdict ? std::string() : verdict.error().message(), HasSubstr(words));
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
  refused_after([&] { op(kLoad).args[0] = 4; }, "8 bytes at");  // not aligned
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

// Lists with random indices and offsets, good and bad ones: what the check lets through changes nothing of
// the area but slots, data, and the list's own control.
TEST(CheckProperty, WhatPassesWritesOnlyWhereItMay) {
  constexpr unsigned kSeed = 20240611;
  constexpr uint64_t kRoom = 32768;
  std::mt19937_64 random(kSeed);
  void* const place = ::mmap(nullptr, kRoom, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(place, MAP_FAILED);
  int passed = 0;
  for (int round = 0; round < 5'000; ++round) {
    const Program program = random_program(random);
    ASSERT_LE(program.size(), kRoom);
    const Area area = program.lay_out(reinterpret_cast<uint64_t>(place)).value();
    if (!check(area)) continue;
    ++passed;
    std::memcpy(place, area.bytes.data(), area.size());
    auto* const control = reinterpret_cast<Control*>(area.control(0));
    run_hosted(control);
    ASSERT_EQ(control->state, State::kDone) << "seed " << kSeed << " round " << round;

    std::string now(static_cast<const char*>(place), area.size());
    const uint64_t mine = area.code_size;
    now.replace(mine, sizeof(Control), area.bytes, mine, sizeof(Control));
    now.replace(area.slots, area.slot_count * 8, area.bytes, area.slots, area.slot_count * 8);
    now.replace(area.data, area.data_size, area.bytes, area.data, area.data_size);
    ASSERT_TRUE(now == area.bytes) << "seed " << kSeed << " round " << round;
  }
  EXPECT_GT(passed, 20) << "the check lets nothing through";
  EXPECT_LT(passed, 2'500) << "the check lets everything through";
  ::munmap(place, kRoom);
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
