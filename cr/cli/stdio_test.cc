// A terminal, or a pipe to somebody else, as stdin, stdout and stderr: those of the restoring command stand
// in, if they can.
#include <pty.h>
#include <sys/file.h>
#include <termios.h>

#include "cr/cli/cli_testing.h"

namespace cr::cli {
namespace {

using ::testing::HasSubstr;

struct Ends {
  sys::UniqueFd read, write;
};

Ends make_pipe(int flags = 0) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC | flags), 0);
  return {sys::UniqueFd(ends[0]), sys::UniqueFd(ends[1])};
}

struct Terminal {
  sys::UniqueFd master, slave;
};

Terminal make_terminal() {
  int master = -1, slave = -1;
  EXPECT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  termios modes{};
  ::tcgetattr(slave, &modes);
  modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  modes.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  ::tcsetattr(slave, TCSANOW, &modes);
  for (const int fd : {master, slave}) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return {sys::UniqueFd(master), sys::UniqueFd(slave)};
}

void put(const sys::UniqueFd& fd, std::string_view text) {
  ASSERT_TRUE(sys::write_fully(fd.get(), std::as_bytes(std::span(text))));
}

std::string get(const sys::UniqueFd& fd, size_t size) {
  std::string text(size, '\0');
  EXPECT_TRUE(sys::read_fully(fd.get(), std::as_writable_bytes(std::span(text))));
  return text;
}

class Stdio : public testing::Test {
 protected:
  // Ends the program, and leaves its image.
  void dump(Sleeper& program) {
    const Outcome outcome = run({"dump", "--json", program.name(), "-o", image_});
    ASSERT_EQ(outcome.status, 0) << outcome.out;
    ASSERT_EQ(program.end(), 128 + SIGKILL);
  }
  Outcome restore(const std::function<void()>& before) { return run({"restore", image_}, before); }
  void conflicts(const std::string& words, const std::function<void()>& before) {
    SCOPED_TRACE(words);
    is_error(run({"restore", "--json", image_}, before), 5, "conflict", words);
  }
  // As `< FILE` would.
  void from_file() const { ::dup2(::open((folder_ / "input").c_str(), O_RDONLY), STDIN_FILENO); }

  const sys::TempDir folder_;
  const std::string image_ = folder_ / "image";
};

TEST_F(Stdio, PipesToOthersAreReplaced) {
  const Ends in = make_pipe(), out = make_pipe();
  Sleeper cat({"cat"}, {in.read.get(), out.write.get(), out.write.get()});
  put(in.write, "before");
  EXPECT_EQ(get(out.read, 6), "before");
  dump(cat);
  write_file(folder_ / "input", "after");
  const Outcome outcome = restore([&] { from_file(); });
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "after");
}

// A loop of a shell reads on from where a program of it has stopped, and what is left is not the tree's.
TEST_F(Stdio, APipeSharedWithOthersIsReplacedWithoutAWriterToo) {
  Ends in = make_pipe();
  put(in.write, "rest");
  in.write.reset();
  Sleeper shell({"sh", "-c", "sleep 1000; cat"}, {in.read.get(), -1, -1});
  dump(shell);
  EXPECT_EQ(get(in.read, 4), "rest");
  const Outcome outcome = run({"show", "--json", "--all", image_});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("pipe_end")));
}

TEST_F(Stdio, ATerminalIsReplacedByAnother) {
  const Terminal first = make_terminal(), second = make_terminal();
  Sleeper cat({"cat"}, {first.slave.get(), first.slave.get(), first.slave.get()});
  put(first.master, "before\n");
  EXPECT_EQ(get(first.master, 7), "before\n");
  dump(cat);
  put(second.master, "after\n\4");
  const Outcome outcome = restore([&] {
    for (const int fd : {0, 1}) ::dup2(second.slave.get(), fd);  // on 2 it would say what it does
  });
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(get(second.master, 6), "after\n");
}

// One description of the terminal was all three; each is redirected by its number.
TEST_F(Stdio, ATerminalIsReplacedByFiles) {
  const Terminal terminal = make_terminal();
  const int slave = terminal.slave.get();
  Sleeper shell({"sh", "-c", "read line; echo \"out $line\"; echo err >&2"}, {slave, slave, slave});
  const std::string wait = fmt::format("/proc/{}/syscall", shell.pid());
  while (!sys::read_file(wait).value().starts_with("0 0x0 ")) ::usleep(1000);  // read(0, ...)
  dump(shell);
  write_file(folder_ / "input", "line\n");
  const Outcome outcome = restore([&] { from_file(); });
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "out line\n");
  EXPECT_EQ(outcome.err, "err\n");
}

TEST_F(Stdio, WhatCannotStandInIsAConflict) {
  const Ends in = make_pipe(), out = make_pipe(), other = make_pipe(O_NONBLOCK);
  Sleeper sleeper({"sleep", "30"}, {in.read.get(), out.write.get(), -1});
  const pid_t pid = sleeper.pid();
  dump(sleeper);
  write_file(folder_ / "input", "");
  conflicts("descriptor 0 of this command is closed", [] { ::close(0); });
  conflicts("descriptor 0 of this command cannot be read",
            [&] { ::dup2(::open((folder_ / "input").c_str(), O_WRONLY), STDIN_FILENO); });
  conflicts("it is O_RDONLY|O_NONBLOCK, the tree's was O_RDONLY",
            [&] { ::dup2(other.read.get(), STDIN_FILENO); });
  const auto read_only = [&] {
    from_file();
    ::dup2(STDIN_FILENO, STDOUT_FILENO);
  };
  const Outcome outcome = restore(read_only);
  EXPECT_EQ(outcome.status, 5);
  EXPECT_THAT(outcome.err, HasSubstr("descriptor 1 of this command cannot be written"));
  EXPECT_EQ(::kill(pid, 0), -1);
}

// What hangs on a description that others hold, too, would be lost with it.
TEST_F(Stdio, OwnersLocksAndPacketsAreRefused) {
  const struct {
    const char* kind;
    std::function<int(int)> give;
  } kCases[] = {
      {"file-owner", [](int fd) { return ::fcntl(fd, F_SETOWN, ::getpid()); }},
      {"file-owner", [](int fd) { return ::fcntl(fd, F_SETSIG, SIGUSR1); }},
      {"file-owner", [](int fd) { return ::fcntl(fd, F_SETFL, O_ASYNC); }},
      {"file-lock", [](int fd) { return ::flock(fd, LOCK_SH); }},
      {"packet-pipe", [](int fd) { return ::fcntl(fd, F_SETFL, O_DIRECT); }},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.kind);
    const Ends out = make_pipe();
    const Sleeper sleeper({"sleep", "1000"}, {-1, out.write.get(), -1});
    EXPECT_EQ(run({"check", sleeper.name()}).status, 0);
    ASSERT_EQ(one.give(out.write.get()), 0) << std::strerror(errno);
    const Outcome outcome = run({"check", "--json", sleeper.name()});
    is_error(outcome, 3, "unsupported", "fd 1");
    const nlohmann::json told = nlohmann::json::parse(outcome.out);
    EXPECT_EQ(told["error"]["blockers"][0].value("kind", ""), one.kind);
  }
}

}  // namespace
}  // namespace cr::cli
