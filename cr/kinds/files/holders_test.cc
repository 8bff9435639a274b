// Whoever has a pipe or FIFO open is found, in whichever table, and only who has it open.
#include "cr/kinds/files/holders.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "cr/sys/namespace_testing.h"
#include "cr/sys/sys_testing.h"

namespace cr::kinds {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class OtherHolders : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    ASSERT_EQ(::mkfifo((dir_ / "another").c_str(), 0600), 0);
    struct stat status;
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    fifo_ = {status.st_dev, status.st_ino};
  }
  std::map<FileId, std::string> others(const std::set<pid_t>& known = {}) const {
    const auto found = other_holders({fifo_}, known);
    EXPECT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->unreadable, "");
    return found->found;
  }

  const sys::TempDir dir_;
  const std::string path_ = dir_ / "fifo";
  FileId fifo_;
};

TEST_F(OtherHolders, NobodyHasIt) {
  sys::among_themselves([&] {
    const sys::Child child([&] {
      ::open((dir_ / "another").c_str(), O_RDWR);
      ::open(path_.c_str(), O_PATH);  // keeps no byte
    });
    EXPECT_THAT(others(), IsEmpty());
  });
}

TEST_F(OtherHolders, AProcessIsNamedUnlessItIsKnown) {
  sys::among_themselves([&] {
    const sys::Child child([&] { ::open(path_.c_str(), O_RDONLY | O_NONBLOCK); });
    EXPECT_THAT(others(), ElementsAre(Pair(fifo_, fmt::format("pid {} has it open, too", child.pid()))));
    EXPECT_THAT(others({child.pid()}), IsEmpty());
  });
}

TEST_F(OtherHolders, AnAnonymousPipeIsFound) {
  sys::among_themselves([&] {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    struct stat status;
    ASSERT_EQ(::fstat(ends[0], &status), 0);
    const FileId pipe{status.st_dev, status.st_ino};
    const sys::Child child;
    const auto found = other_holders({pipe}, {::getpid()});
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_THAT(found->found, ElementsAre(Pair(pipe, fmt::format("pid {} has it open, too", child.pid()))));
  });
}

TEST_F(OtherHolders, ByAnotherNameItIsTheSame) {
  sys::among_themselves([&] {
    const std::string link = dir_ / "link";
    ASSERT_EQ(::link(path_.c_str(), link.c_str()), 0);
    const sys::Child child([&] { ::open(link.c_str(), O_RDWR); });
    EXPECT_EQ(others().size(), 1u);
  });
}

TEST_F(OtherHolders, AThreadMayHaveATableOfItsOwn) {
  sys::among_themselves([&] {
    const sys::Child child([&] {
      std::atomic<bool> opened = false;
      std::thread([&] {
        ::unshare(CLONE_FILES);
        ::open(path_.c_str(), O_RDWR);
        opened = true;
        ::pause();
      }).detach();
      while (!opened) std::this_thread::yield();
    });
    EXPECT_THAT(others(), ElementsAre(Pair(fifo_, fmt::format("pid {} has it open, too", child.pid()))));
  });
}

// Without the right to look at a process, nothing is known of its descriptors.
TEST_F(OtherHolders, WhoCannotBeReadMayHaveIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody who may not look";
  const sys::Child looker([&] {
    if (::setuid(65534) != 0) ::_exit(1);
    const auto found = other_holders({fifo_}, {});
    const bool told =
        found && found->unreadable.find("may have it open, too: its descriptors") != std::string::npos;
    if (!told) ::_exit(1);
  });
}

}  // namespace
}  // namespace cr::kinds
