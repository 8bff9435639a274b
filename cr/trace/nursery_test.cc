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
#include <thread>

#include "cr/trace/trace_testing.h"

namespace cr::trace {
namespace {

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

void expect_reaped(pid_t pid, int signal) {
  int status = 0;
  ASSERT_TRUE(eventually([&] { return ::waitpid(pid, &status, WNOHANG) == pid; }))
      << "a thread of it is left";
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), signal);
}

// A thread that is ended by others of its process is a zombie of its tracer until that has waited for it.
TEST(Nursery, WhoIsEndedBeforeItIsLetGoIsBuried) {
  int gate[2];
  ASSERT_EQ(::pipe(gate), 0);
  Nursery nursery(Clock::now() + 30s);
  const pid_t root = ::fork();
  if (root == 0) {
    ::alarm(60);
    char go = 0;
    if (::read(gate[0], &go, 1) != 1) ::_exit(1);
    std::thread([] { ::raise(SIGTRAP); }).detach();
    ::raise(SIGTRAP);
    ::_exit(0);
  }
  ASSERT_TRUE(nursery.adopt(root));
  ASSERT_EQ(::write(gate[1], "g", 1), 1);
  ::close(gate[0]), ::close(gate[1]);
  for (int stopped = 0; stopped < 2; ++stopped) {
    const auto event = nursery.next(Clock::now() + 30s);
    ASSERT_TRUE(event) << event.error().message();
    ASSERT_FALSE(event->ended);
  }
  ASSERT_EQ(nursery.wards().size(), 2u);
  ::kill(root, SIGKILL);
  nursery.let_all_go();
  expect_reaped(root, SIGKILL);
}

// As where the root's id is taken: what has that id, and what was a child before, is somebody else's.
TEST(Nursery, WithoutARootNobodyIsKilled) {
  const Child stranger([] { ::pause(); });
  Nursery nursery;
  nursery.kill_all();
  EXPECT_EQ(::waitpid(stranger.pid(), nullptr, WNOHANG), 0) << "it lives";
}

TEST(Nursery, WhoCannotBeAdoptedIsKilledAllTheSame) {
  Nursery nursery;
  const Child root([] { ::pause(); });
  ASSERT_TRUE(seize(root.pid(), 0));
  EXPECT_FALSE(nursery.adopt(root.pid())) << "it is traced already";
  nursery.kill_all();
  EXPECT_EQ(::waitpid(root.pid(), nullptr, WNOHANG), -1) << "it is gone";
}

}  // namespace
}  // namespace cr::trace
