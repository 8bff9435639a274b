// A FIFO lives on while somebody has it open: then nothing of it is carried, and nothing is put into it.
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <thread>

#include "cr/cli/cli_testing.h"
#include "cr/sys/namespace_testing.h"

namespace cr::cli {
namespace {

using ::testing::HasSubstr;

class Fifo : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0); }
  sys::UniqueFd open(int flags) const { return sys::open(path_, flags | O_NONBLOCK).value(); }

  // A tree with the FIFO, and four bytes in it.
  std::unique_ptr<Sleeper> start() const {
    auto sleeper = std::make_unique<Sleeper>(
        std::vector<std::string>{"sh", "-c", "exec 3<>\"$0\"; printf data >&3; exec sleep 1000", path_});
    const std::string comm = fmt::format("/proc/{}/comm", sleeper->pid());
    while (sys::read_file(comm).value() != "sleep\n") ::usleep(1000);
    return sleeper;
  }
  pid_t dump() const {
    const auto sleeper = start();
    const pid_t pid = sleeper->pid();
    const Outcome outcome = run({"dump", "--json", sleeper->name(), "-o", image_});
    EXPECT_EQ(outcome.status, 0) << outcome.out;
    EXPECT_EQ(sleeper->end(), 128 + SIGKILL);
    return pid;
  }
  void is_a_conflict(const std::string& words) const {
    const Outcome outcome = run({"restore", "--json", "--detach", image_});
    is_error(outcome, 5, "conflict", words);
    EXPECT_THAT(outcome.out, HasSubstr(path_));
  }
  void restores() const {
    const Outcome outcome = run({"restore", "--json", "--detach", image_});
    EXPECT_EQ(outcome.status, 0) << outcome.out;
  }
  static void end(pid_t pid) {
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  }
  std::string rest(const sys::UniqueFd& fd) const {
    char text[64];
    const ssize_t got = ::read(fd.get(), text, sizeof(text));
    return got < 0 ? "" : std::string(text, static_cast<size_t>(got));
  }

  const sys::TempDir folder_;
  const std::string path_ = folder_ / "fifo", image_ = folder_ / "image";
};

TEST_F(Fifo, IsRefusedWhileSomebodyElseHasItOpen) {
  sys::among_themselves([&] {
    const auto sleeper = start();
    EXPECT_EQ(run({"check", sleeper->name()}).status, 0);
    for (const int end : {O_RDONLY, O_WRONLY, O_RDWR}) {
      const sys::UniqueFd held = open(end);
      const Outcome outcome = run({"dump", "--json", sleeper->name(), "-o", image_});
      is_error(outcome, 3, "unsupported", fmt::format("pid {} has it open", ::getpid()));
      const nlohmann::json told = nlohmann::json::parse(outcome.out);
      EXPECT_EQ(told["error"]["blockers"][0].value("kind", ""), "outside-fifo");
    }
    const sys::UniqueFd name_alone = open(O_PATH);
    EXPECT_EQ(run({"check", sleeper->name()}).status, 0);
  });
}

TEST_F(Fifo, IsNotFilledWhileSomebodyReadsIt) {
  sys::among_themselves([&] {
    const pid_t pid = dump();
    for (const int end : {O_RDONLY, O_RDWR}) {
      const sys::UniqueFd held = open(end);
      is_a_conflict("somebody reads the FIFO");
      int waiting = -1;
      EXPECT_EQ(::ioctl(held.get(), FIONREAD, &waiting), 0);
      EXPECT_EQ(waiting, 0) << "nothing was put into it";
      EXPECT_EQ(::kill(pid, 0), -1);
    }
    restores();
    EXPECT_EQ(rest(open(O_RDONLY)), "data");
    end(pid);
  });
}

TEST_F(Fifo, IsNotFilledWhileOtherBytesAreInIt) {
  sys::among_themselves([&] {
    const pid_t pid = dump();
    sys::UniqueFd writer;
    {
      const sys::UniqueFd reader = open(O_RDONLY);
      writer = open(O_WRONLY);
      ASSERT_EQ(::write(writer.get(), "more", 4), 4);
    }
    is_a_conflict("other bytes");
    EXPECT_EQ(::kill(pid, 0), -1);
    writer.reset();
    restores();
    EXPECT_EQ(rest(open(O_RDONLY)), "data");
    end(pid);
  });
}

// What comes from somebody who waited for the tree to be there again comes behind its own bytes, or not at
// all.
TEST_F(Fifo, AWriterThatWaitsInOpenIsLetIn) {
  sys::among_themselves([&] {
    const pid_t pid = dump();
    const pid_t writer = ::fork();
    if (writer == 0) {
      const int fd = ::open(path_.c_str(), O_WRONLY);
      ::usleep(300000);  // more than the store takes
      ::_exit(::write(fd, " more", 5) == 5 ? 0 : 1);
    }
    const std::string wait = fmt::format("/proc/{}/syscall", writer);
    while (!sys::read_file(wait).value().starts_with("257 ")) ::usleep(1000);  // openat
    restores();
    int status = -1;
    ASSERT_EQ(::waitpid(writer, &status, 0), writer);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(rest(open(O_RDONLY)), "data more");
    end(pid);
  });
}

}  // namespace
}  // namespace cr::cli
