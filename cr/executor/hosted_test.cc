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
