// Runs the real binary as a user does, and lends it a small process to look at.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cr/sys/fd.h"
#include "cr/sys/sys_testing.h"

namespace cr::cli {

struct Outcome {
  int status = -1;  // as a shell tells it
  std::string out, err;
};

inline int shell_status(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// `before` runs in the child, just before the binary is executed.
inline Outcome run(std::vector<std::string> arguments, const std::function<void()>& before = {}) {
  int out[2], err[2];
  EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(err, O_CLOEXEC), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    ::alarm(60);  // a command that hangs is a failure
    if (before) before();
    arguments.insert(arguments.begin(), "cr");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::execv(CR_BINARY, argv.data());
    ::_exit(127);
  }
  ::close(out[1]), ::close(err[1]);
  Outcome outcome;
  outcome.out = sys::read_all(out[0]).value();
  outcome.err = sys::read_all(err[0]).value();
  ::close(out[0]), ::close(err[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  outcome.status = shell_status(status);
  return outcome;
}

// Runs in the child, before the binary: `bytes` are what comes on standard input, through a pipe.
inline void feed(const std::string& bytes) {
  int ends[2];
  if (::pipe(ends) != 0) ::_exit(126);
  const pid_t writer = ::fork();
  if (writer == 0) {
    ::close(ends[0]);
    std::signal(SIGPIPE, SIG_IGN);  // a reader may have had enough
    (void)sys::write_fully(ends[1], std::as_bytes(std::span(bytes)));
    ::_exit(0);
  }
  ::dup2(ends[0], STDIN_FILENO);
  ::close(ends[0]), ::close(ends[1]);
}

// The one JSON object of a call that was given --json; null, and a failure, if there is anything else.
inline nlohmann::json json_of(const Outcome& outcome) {
  EXPECT_EQ(outcome.err, "");
  const auto object = nlohmann::json::parse(outcome.out, nullptr, /*allow_exceptions=*/false);
  EXPECT_TRUE(object.is_object()) << outcome.out;
  return object.is_object() ? object : nlohmann::json();
}

// The object of an error has these fields, whatever went wrong.
inline void is_error(const Outcome& outcome, int status, const std::string& kind, const std::string& words) {
  EXPECT_EQ(outcome.status, status) << outcome.out;
  const nlohmann::json object = json_of(outcome);
  ASSERT_TRUE(object.contains("error")) << object;
  EXPECT_EQ(object.size(), 1u) << object;
  const nlohmann::json& error = object["error"];
  EXPECT_EQ(error.value("kind", ""), kind);
  EXPECT_THAT(error.value("message", ""), ::testing::HasSubstr(words));
  ASSERT_TRUE(error.contains("blockers") && error["blockers"].is_array()) << object;
  EXPECT_EQ(error["blockers"].empty(), kind != "unsupported") << object;
}

inline void write_file(const std::string& path, std::string_view bytes) {
  const sys::UniqueFd fd = sys::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600).value();
  ASSERT_TRUE(sys::write_fully(fd.get(), std::as_bytes(std::span(bytes))));
}

// A program that sleeps, with nothing open but /dev/null; or what it is given as 0, 1 and 2.
class Sleeper {
 public:
  explicit Sleeper(const std::string& seconds) : Sleeper({"sleep", seconds}) {}
  explicit Sleeper(std::vector<std::string> words, std::array<int, 3> stdio = {-1, -1, -1}) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    int executed[2];
    EXPECT_EQ(::pipe2(executed, O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setpriority(PRIO_PROCESS, 0, 0);  // the tests may run under nice(1), which no image carries
      ::setsid();                         // nor a session made outside the pid namespace of the tests
      const int null = ::open("/dev/null", O_RDWR);
      for (int& fd : stdio) fd = ::fcntl(fd < 0 ? null : fd, F_DUPFD, 3);
      for (const int fd : {0, 1, 2}) ::dup2(stdio[static_cast<size_t>(fd)], fd);
      for (int fd = 3; fd < 1024; ++fd)
        if (fd != executed[1]) ::close(fd);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(executed[1]);
    EXPECT_EQ(sys::read_all(executed[0]).value(), "");  // ends when the program is executed
    ::close(executed[0]);
  }
  ~Sleeper() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  pid_t pid() const { return pid_; }
  std::string name() const { return std::to_string(pid_); }
  bool lives() const { return ::waitpid(pid_, nullptr, WNOHANG) == 0; }
  // Waits for its end, as a shell tells it.
  int end() {
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    pid_ = 0;
    return shell_status(status);
  }

 private:
  pid_t pid_ = 0;
};

}  // namespace cr::cli
