#include "cr/executor/list_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>

#include <array>
#include <cstddef>

#include "cr/executor/program.h"

namespace cr::exec {
namespace {

using ::testing::ElementsAre;

std::vector<uint64_t> arguments(const Op& op) { return {op.args, op.args + kMaxArgs}; }

class Lists : public ::testing::Test {
 protected:
  const Op& last() const { return list_.ops().back(); }
  Program program_;
  ListBuilder& list_ = program_.add_list("pid 7");
};

TEST_F(Lists, ASystemCallMustSucceedUnlessSaidOtherwise) {
  list_.syscall(Abi::k64, SYS_close, {3});
  EXPECT_EQ(last().expect, Expect::kOk);
  list_.syscall(Abi::k64, SYS_close, {3}).any();
  EXPECT_EQ(last().expect, Expect::kAny);
  list_.syscall(Abi::k32, 6, {3}).expect(-9);
  EXPECT_EQ(last().expect, Expect::kEqual);
  EXPECT_EQ(last().expected, -9);
  EXPECT_EQ(last().abi, Abi::k32);
  EXPECT_EQ(last().nr, 6u);
  EXPECT_EQ(last().slot, kNone);
  EXPECT_EQ(last().reason, kNone);
}

TEST_F(Lists, NegativeNumbersAreWidenedWithTheirSign) {
  list_.syscall(Abi::k64, SYS_openat, {-100, uint32_t{0xffffffff}, true, uint64_t{1} << 63, nullptr});
  EXPECT_THAT(arguments(last()), ElementsAre(uint64_t(-100), 0xffffffff, 1, uint64_t{1} << 63, 0, 0));
}

TEST_F(Lists, ArgumentsKnowTheirKind) {
  const Slot slot = list_.fresh_slot();
  const Data data = list_.stash(uint64_t{5});
  list_.syscall(Abi::k64, SYS_read, {slot, data.from(4), RemoteAddr{0x7f00}});
  EXPECT_EQ(last().arg_kinds[0], ArgKind::kSlot);
  EXPECT_EQ(last().arg_kinds[1], ArgKind::kData);
  EXPECT_EQ(last().arg_kinds[2], ArgKind::kLiteral);
  EXPECT_THAT(arguments(last()), ElementsAre(slot.index, data.offset + 4, 0x7f00, 0, 0, 0));
}

TEST_F(Lists, SlotsAndDataBelongToTheProgram) {
  ListBuilder& other = program_.add_list("pid 8");
  EXPECT_NE(list_.fresh_slot().index, other.fresh_slot().index);
  const Data first = list_.stash_text("abc"), second = other.stash_text("");
  EXPECT_EQ(first.size, 4u);
  EXPECT_EQ(second.size, 1u);
  EXPECT_GE(second.offset, first.offset + first.size);
  EXPECT_EQ(program_.pool().data.substr(first.offset, 4), std::string("abc\0", 4));
}

TEST_F(Lists, DataIsAligned) {
  list_.stash(uint8_t{1});
  EXPECT_EQ(list_.stash(uint8_t{2}).offset % 16, 0u);
  EXPECT_EQ(list_.reserve(5, 64).offset % 64, 0u);
  EXPECT_EQ(list_.stash(std::array<uint32_t, 3>{1, 2, 3}).size, 12u);
  EXPECT_EQ(list_.stash(std::vector<std::byte>(7)).size, 7u);
}

TEST_F(Lists, ReasonsStayWithTheirOps) {
  list_.syscall(Abi::k64, SYS_close, {3});
  list_.syscall(Abi::k64, SYS_close, {4}).because("fd {}", 4);
  EXPECT_EQ(list_.reason_of(0), "");
  EXPECT_EQ(list_.reason_of(1), "fd 4");
  EXPECT_EQ(list_.reason_of(99), "");
}

TEST_F(Lists, ReferencesOutliveNewListsAndAMove) {
  for (int i = 0; i < 100; ++i) program_.add_list("another");
  const Program moved = std::move(program_);
  list_.syscall(Abi::k64, SYS_getpid, {});
  EXPECT_EQ(&moved.list(0), &list_);
  EXPECT_EQ(moved.list(0).size(), 1u);
}

TEST_F(Lists, CloneArgumentsCarryTheirIdsAlong) {
  ListBuilder& child = program_.add_list("child");
  list_.spawn(child, {.flags = CLONE_FILES, .exit_signal = 17, .set_tid = {5, 105}, .tls = 0xabc});
  const auto area = program_.lay_out(0x10000);
  ASSERT_TRUE(area);
  struct clone_args args {};
  std::memcpy(&args, area->bytes.data() + area->data + last().args[0], sizeof(args));
  EXPECT_EQ(args.flags, uint64_t{CLONE_FILES});
  EXPECT_EQ(args.exit_signal, 17u);
  EXPECT_EQ(args.tls, 0xabcu);
  EXPECT_EQ(args.stack + args.stack_size, area->stack_top(child.index()));
  ASSERT_EQ(args.set_tid_size, 2u);
  std::array<int32_t, 2> ids{};
  std::memcpy(ids.data(), area->bytes.data() + (args.set_tid - area->base), sizeof(ids));
  EXPECT_THAT(ids, ElementsAre(5, 105));
}

using ListsDeath = Lists;

TEST_F(ListsDeath, MisuseIsCaughtWhereItHappens) {
  const Data four = list_.stash(uint32_t{1});
  EXPECT_DEATH(list_.load64(list_.fresh_slot(), four), "from.size");
  EXPECT_DEATH(list_.point(four, four), "at.size");
  EXPECT_DEATH(four.from(5), "skip");
  EXPECT_DEATH(list_.syscall(Abi::k64, SYS_read, {1, 2, 3, 4, 5, 6, 7}), "args.size");
}

}  // namespace
}  // namespace cr::exec
