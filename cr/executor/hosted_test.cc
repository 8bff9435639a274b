#include "cr/executor/hosted.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "cr/sys/fd.h"

namespace cr::exec {
namespace {

using ::testing::HasSubstr;

TEST(Hosted, MakesObjectsInThisProcess) {
  Program program;
  ListBuilder& list = program.add_list("pipe 4711");
  const Data ends = list.reserve(8), text = list.stash_text("ping"), got = list.reserve(8);
  const Slot reader = list.fresh_slot(), writer = list.fresh_slot();
  list.syscall(Abi::k64, SYS_pipe2, {ends, O_CLOEXEC});
  list.load32(reader, ends);
  list.load32(writer, ends.from(4));
  list.syscall(Abi::k64, SYS_write, {writer, text, 4}).expect(4);

  auto hosted = HostedProgram::load(program);
  ASSERT_TRUE(hosted) << hosted.error().message();
  const auto state = hosted->run(list);
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_EQ(*state, State::kDone);
  const sys::UniqueFd read_end(static_cast<int>(hosted->value(reader)));
  const sys::UniqueFd write_end(static_cast<int>(hosted->value(writer)));
  char buffer[8] = {};
  EXPECT_EQ(::read(read_end.get(), buffer, sizeof(buffer)), 4);
  EXPECT_STREQ(buffer, "ping");
  EXPECT_EQ(hosted->bytes(got).size(), 8u);
}

TEST(Hosted, AFailureBecomesWords) {
  Program program;
  ListBuilder& list = program.add_list("fifo");
  list.syscall(Abi::k64, SYS_close, {-1}).because("the {} end", "far");
  auto hosted = HostedProgram::load(program);
  ASSERT_TRUE(hosted);
  const auto state = hosted->run(list);
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().message(), "fifo: op 0, close (the far end): Bad file descriptor (EBADF)");
}

Error error_of(const Program& program, const ListBuilder& list) {
  auto hosted = HostedProgram::load(program);
  EXPECT_TRUE(hosted);
  const auto state = hosted->run(list);
  EXPECT_FALSE(state);
  return state ? Error(ErrorKind::kInternal, "") : state.error();
}

// A value or a success that should not be is a conflict with the place; an error says nothing of it.
TEST(Hosted, AnotherResultThanExpectedCanBeAConflict) {
  Program value, success, error, silent;
  ListBuilder& one = value.add_list("value");
  one.load32(one.fresh_slot(), one.stash(uint32_t{7})).expect(0).or_conflict("{} are there", 7);
  EXPECT_EQ(error_of(value, one).kind(), ErrorKind::kConflict);
  EXPECT_EQ(error_of(value, one).message(), "7 are there");

  ListBuilder& two = success.add_list("success");
  two.syscall(Abi::k64, SYS_getpid, {}).expect(-ENXIO).or_conflict("somebody");
  EXPECT_EQ(error_of(success, two).kind(), ErrorKind::kConflict);

  ListBuilder& three = error.add_list("error");
  three.syscall(Abi::k64, SYS_close, {-1}).expect(-ENXIO).because("look").or_conflict("somebody");
  EXPECT_EQ(error_of(error, three).kind(), ErrorKind::kSystem);
  EXPECT_THAT(error_of(error, three).message(), HasSubstr("close (look): Bad file descriptor"));

  ListBuilder& four = silent.add_list("silent");
  four.load32(four.fresh_slot(), four.stash(uint32_t{7})).expect(0).because("count");
  EXPECT_EQ(error_of(silent, four).kind(), ErrorKind::kSystem);
  EXPECT_THAT(error_of(silent, four).message(), HasSubstr("(count): returned 7 instead of 0"));
}

TEST(Hosted, ATrapReturnsAndASecondRunGoesOn) {
  Program program;
  ListBuilder& list = program.add_list("steps");
  const Slot slot = list.fresh_slot();
  list.trap(9);
  list.syscall(Abi::k64, SYS_getpid, {}).save(slot);
  auto hosted = HostedProgram::load(program);
  ASSERT_TRUE(hosted);
  EXPECT_EQ(hosted->run(list).value(), State::kTrapped);
  EXPECT_EQ(hosted->control(0).trap_tag, 9u);
  EXPECT_EQ(hosted->value(slot), 0u);
  EXPECT_EQ(hosted->run(list).value(), State::kDone);
  EXPECT_EQ(hosted->value(slot), static_cast<uint64_t>(::getpid()));
}

TEST(Hosted, WhatNeedsATaskIsRefused) {
  Program program;
  ListBuilder& spawning = program.add_list("spawning");
  ListBuilder& returning = program.add_list("returning");
  spawning.spawn(returning, {.exit_signal = 17});
  returning.sigreturn(uint64_t{0});
  auto hosted = HostedProgram::load(program);
  ASSERT_TRUE(hosted);
  const auto spawned = hosted->run(spawning);
  ASSERT_FALSE(spawned);
  EXPECT_THAT(spawned.error().message(), HasSubstr("clone3: Function not implemented"));
  const auto returned = hosted->run(returning);
  ASSERT_FALSE(returned);
  EXPECT_THAT(returned.error().message(), HasSubstr("sigreturn"));
}

TEST(Hosted, AProgramCanBeMoved) {
  Program program;
  ListBuilder& list = program.add_list("list");
  list.trap();
  auto hosted = HostedProgram::load(program);
  ASSERT_TRUE(hosted);
  HostedProgram moved = std::move(*hosted);
  EXPECT_EQ(moved.run(list).value(), State::kTrapped);
  HostedProgram again = HostedProgram::load(program).value();
  again = std::move(moved);
  EXPECT_EQ(again.run(list).value(), State::kDone);
}

}  // namespace
}  // namespace cr::exec
