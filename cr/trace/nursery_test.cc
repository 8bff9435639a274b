// Calls made for a thread that is being built: they come back, or somebody says that they do not.
#include "cr/trace/nursery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

namespace cr::trace {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// A child that stands at a trap, with a page of code for the calls.
class Call : public testing::Test {
 protected:
  void begin(Nursery& nursery, const char* code) {
    code_ = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(code_, MAP_FAILED);
    std::memcpy(code_, code, std::strlen(code));
    int gate[2];
    ASSERT_EQ(::pipe(gate), 0);
    child_ = ::fork();
    if (child_ == 0) {
      char go = 0;
      if (::read(gate[0], &go, 1) != 1) ::_exit(1);
      ::raise(SIGTRAP);
      ::_exit(0);
    }
    ASSERT_GT(child_, 0);
    ASSERT_TRUE(nursery.adopt(child_));
    ASSERT_EQ(::write(gate[1], "g", 1), 1);
    ::close(gate[0]), ::close(gate[1]);
    const auto event = nursery.next(Clock::now() + 30s);
    ASSERT_TRUE(event) << event.error().message();
    ASSERT_EQ(event->tid, child_);
    ASSERT_FALSE(event->ended);
  }
  uint64_t code() const { return reinterpret_cast<uint64_t>(code_); }
  void TearDown() override {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, __WALL);
    ::munmap(code_, 4096);
  }

  pid_t child_ = 0;
  void* code_ = nullptr;
};

TEST_F(Call, GivesItsResult) {
  Nursery nursery(Clock::now() + 30s);
  begin(nursery, "\x0f\x05\xcc");
  EXPECT_EQ(nursery.call(child_, code(), false, SYS_getpid, {}).value(), child_);
  EXPECT_EQ(nursery.call(child_, code(), false, SYS_close, {~0ull}).value(), -EBADF);
}

TEST_F(Call, WhoDoesNotComeBackIsGivenUp) {
  Nursery nursery(Clock::now() + 1s);
  begin(nursery, "\xeb\xfe");  // a jump to itself, where the call should be
  const auto result = nursery.call(child_, code(), false, SYS_getpid, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::kDeadline);
  EXPECT_THAT(result.error().message(), HasSubstr("does not come back"));
}

// A fault's stop is none of a call's two.
TEST_F(Call, WhoFaultsIsNoResult) {
  Nursery nursery(Clock::now() + 30s);
  begin(nursery, "\x0f\x0b");  // ud2
  const auto result = nursery.call(child_, code(), false, SYS_getpid, {});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("got signal 4 at"));
}

}  // namespace
}  // namespace cr::trace
