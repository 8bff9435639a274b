// Whoever ends, and however: the tree goes on. And who must not end does not.
#include <gmock/gmock.h>

#include "cr/trace/guardian_testing.h"

namespace cr::trace {
namespace {

using ::testing::HasSubstr;

// The guardian is a child of ours that says so in its name.
pid_t find_guardian() {
  for (const pid_t pid : tree_below(::getpid())) {
    const auto name = sys::read_file(fmt::format("/proc/{}/comm", pid));
    if (name && *name == "cr-guardian\n") return pid;
  }
  return 0;
}

// A tree that counts while nobody holds it.
class GuardianEnd : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // as the command does: a guardian that is gone is an error of the call
    ASSERT_TRUE(moves(*counter_, 5s));
    guardian_.emplace(start());
  }
  void hold() {
    (void)freeze(*guardian_, child_.pid());
    EXPECT_FALSE(moves(*counter_, 50ms));
  }

  Counter counter_;
  const Child child_{[this] { count_for_ever(counter_); }};
  std::optional<Guardian> guardian_;
};

// The engine ends in whatever way: its end of the socket closes.
TEST_F(GuardianEnd, EndOfFileLetsTheTreeGoOn) {
  hold();
  guardian_.reset();
  EXPECT_TRUE(moves(*counter_, 5s));
}

TEST_F(GuardianEnd, ItsDeathLetsTheTreeGoOn) {
  hold();
  const pid_t pid = find_guardian();
  ASSERT_NE(pid, 0);
  ::kill(pid, SIGKILL);
  EXPECT_TRUE(moves(*counter_, 5s));
  EXPECT_THAT(guardian_->thaw().error().message(), HasSubstr("the guardian is gone"));
}

// As from a supervisor that ends all of a control group.
TEST_F(GuardianEnd, NoSignalButSigkillIsItsDeath) {
  hold();
  const pid_t pid = find_guardian();
  ASSERT_NE(pid, 0);
  for (const int signal : {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGALRM}) ::kill(pid, signal);
  EXPECT_FALSE(moves(*counter_, 50ms));
  EXPECT_TRUE(guardian_->thaw());
  EXPECT_TRUE(moves(*counter_, 5s));
}

TEST_F(GuardianEnd, ItLetsGoWhenItsLimitHasPassed) {
  ASSERT_TRUE(guardian_->limit(2s));
  hold();
  EXPECT_TRUE(moves(*counter_, 20s)) << "its caller is stuck";
  const auto late = guardian_->limit({});
  ASSERT_FALSE(late) << "who comes back learns of it";
  EXPECT_EQ(late.error().kind(), ErrorKind::kDeadline);
}

TEST_F(GuardianEnd, WithoutALimitAnyMoreItWaits) {
  ASSERT_TRUE(guardian_->limit(2s));
  hold();
  ASSERT_TRUE(guardian_->limit({}));
  EXPECT_FALSE(moves(*counter_, 3s));
  EXPECT_TRUE(guardian_->thaw());
  EXPECT_TRUE(moves(*counter_, 5s));
}

}  // namespace
}  // namespace cr::trace
