// The command line as a user meets it: the real binary, its help, its exit codes, its errors as JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cr/sys/fd.h"

namespace cr::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Outcome {
  int status = -1;
  std::string out, err;
};

Outcome run(std::vector<std::string> arguments) {
  int out[2], err[2];
  EXPECT_EQ(::pipe(out), 0);
  EXPECT_EQ(::pipe(err), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    for (const int fd : {out[0], out[1], err[0], err[1]}) ::close(fd);
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
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

const std::vector<std::string> kCommands = {"dump", "restore", "check", "verify", "show", "plan"};

TEST(Help, FitsIntoEightyColumns) {
  std::vector<std::vector<std::string>> calls{{"--help"}};
  for (const std::string& command : kCommands) calls.push_back({command, "--help"});
  for (const auto& call : calls) {
    const Outcome help = run(call);
    EXPECT_EQ(help.status, 0) << call[0];
    EXPECT_GT(help.out.size(), 100u) << call[0];
    std::istringstream lines(help.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << call[0] << ": " << line;
  }
}

TEST(Help, NamesEveryCommandAndExitStatus) {
  const std::string help = run({"--help"}).out;
  for (const std::string& command : kCommands) EXPECT_THAT(help, HasSubstr("  " + command));
  for (int status = 0; status <= 6; ++status) EXPECT_THAT(help, HasSubstr(fmt::format("\n  {}  ", status)));
}

TEST(Usage, WhatMakesNoSenseExitsWithTwo) {
  const std::vector<std::vector<std::string>> calls = {
      {},
      {"fly"},
      {"dump"},
      {"dump", "1234"},          // no -o
      {"dump", "-o", "/tmp/x"},  // no pid
      {"dump", "abc", "-o", "/tmp/x"},
      {"dump", "1", "-o", "/tmp/x"},  // init
      {"dump", "-5", "-o", "/tmp/x"},
      {"check", "99999999"},  // above PID_MAX_LIMIT
      {"check", "1234", "--deadline", "0"},
      {"check", "1234", "--deadline", "-1"},
      {"check", "1234", "--deadline", "soon"},
      {"restore"},
      {"restore", "a", "b"},
      {"verify", "--quickly", "a"},
      {"show"},
      {"plan"},
  };
  for (const auto& call : calls) {
    const Outcome outcome = run(call);
    std::string words;
    for (const std::string& word : call) words += word + " ";
    EXPECT_EQ(outcome.status, 2) << words;
    EXPECT_FALSE(outcome.err.empty()) << words;
    EXPECT_THAT(outcome.out, IsEmpty()) << words;
  }
}

TEST(Errors, AreOneJsonObjectOnStandardOutput) {
  for (const std::string& command : {"verify", "show", "plan", "restore"}) {
    const Outcome outcome = run({command, "--json", "/nowhere/image"});
    EXPECT_EQ(outcome.status, 1) << command;
    EXPECT_THAT(outcome.err, IsEmpty());
    const auto error = nlohmann::json::parse(outcome.out).at("error");
    EXPECT_EQ(error.at("kind"), "system");
    EXPECT_THAT(error.at("message").get<std::string>(),
                HasSubstr("/nowhere/image: No such file or directory"));
    EXPECT_TRUE(error.at("blockers").is_array());
  }
}

TEST(Errors, AreALineOnStandardErrorOtherwise) {
  const Outcome outcome = run({"verify", "/nowhere/image"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, ::testing::StartsWith("cr: verify: "));
}

// A path that is no UTF-8 must not keep the error from coming out.
TEST(Errors, AnyPathCanBeTold) {
  const Outcome outcome = run({"verify", "--json", "/nowhere/\xff\xfe"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(nlohmann::json::parse(outcome.out).at("error").at("kind"), "system");
}

TEST(Errors, AnInvalidImageExitsWithFour) {
  std::string path = testing::TempDir() + "cr-cli-XXXXXX";
  const int fd = ::mkstemp(path.data());
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::write(fd, "not an image", 12), 12);
  ::close(fd);
  for (const std::string& command : {"verify", "show", "plan", "restore"}) {
    const Outcome outcome = run({command, "--json", path});
    EXPECT_EQ(outcome.status, 4) << command;
    EXPECT_EQ(nlohmann::json::parse(outcome.out).at("error").at("kind"), "invalid-image");
  }
  std::filesystem::remove(path);
}

TEST(Errors, BlockersAreListedAndExitWithThree) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, WUNTRACED), pid);
  const Outcome outcome = run({"check", "--json", std::to_string(pid)});
  EXPECT_EQ(outcome.status, 3) << outcome.out;
  const auto error = nlohmann::json::parse(outcome.out).at("error");
  EXPECT_EQ(error.at("kind"), "unsupported");
  ASSERT_FALSE(error.at("blockers").empty());
  const auto& blocker = error.at("blockers").at(0);
  EXPECT_EQ(blocker.at("pid"), pid);
  EXPECT_EQ(blocker.at("kind"), "stopped");
  EXPECT_FALSE(blocker.at("where").get<std::string>().empty());
  EXPECT_FALSE(blocker.at("reason").get<std::string>().empty());
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

}  // namespace
}  // namespace cr::cli
