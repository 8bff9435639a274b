// System calls inside a held thread, also when it stops more often than it was asked to.
#include "cr/trace/remote.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

#include "cr/sys/sys_testing.h"

namespace cr::trace {
namespace {

using namespace std::chrono_literals;

// A freezer waits with SIGCHLD blocked except while it sleeps.
class RemoteTest : public testing::Test {
 protected:
  RemoteTest() {
    std::signal(SIGCHLD, [](int) {});
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, nullptr);
  }
  ~RemoteTest() override {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::signal(SIGCHLD, SIG_DFL);
  }

  sys::Child task_;
  Freezer freezer_{[] { return false; }};
};

TEST_F(RemoteTest, MapsAndUnmaps) {
  ASSERT_TRUE(freezer_.freeze(task_.pid(), Clock::now() + 10s));
  Remote remote(freezer_);
  const auto address = remote.map(task_.pid(), WordSize::k64, 0x3000);
  ASSERT_TRUE(address) << address.error().message();
  EXPECT_NE(*address, 0u);
  EXPECT_TRUE(remote.unmap_all());
  freezer_.thaw();
}

// As a newborn is that was told to stop while it stood in its first stop: the flag outlives that.
TEST_F(RemoteTest, AStopThatIsStillToComeIsNotTakenForTheCalls) {
  ASSERT_TRUE(freezer_.freeze(task_.pid(), Clock::now() + 10s));
  Remote remote(freezer_);
  ASSERT_TRUE(interrupt(task_.pid()));
  const auto address = remote.map(task_.pid(), WordSize::k64, 0x3000);
  ASSERT_TRUE(address) << address.error().message();
  ASSERT_TRUE(interrupt(task_.pid()));
  const auto unmapped = remote.unmap_all();
  EXPECT_TRUE(unmapped) << unmapped.error().message();
  freezer_.thaw();
}

}  // namespace
}  // namespace cr::trace
