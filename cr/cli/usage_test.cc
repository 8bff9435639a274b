// Help, and command lines that make no sense.
#include <fmt/ranges.h>

#include <sstream>

#include "cr/cli/cli_testing.h"

namespace cr::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<std::string> kCommands = {"dump", "restore", "check", "verify", "show",
                                            "plan", "core",    "diff",  "binfmt"};

TEST(Help, FitsIntoEightyColumns) {
  std::vector<std::vector<std::string>> calls{{"--help"}};
  for (const std::string& command : kCommands) calls.push_back({command, "--help"});
  for (const std::string command : {"install", "remove", "status"})
    calls.push_back({"binfmt", command, "--help"});
  for (const auto& call : calls) {
    const Outcome help = run(call);
    EXPECT_EQ(help.status, 0) << call[0];
    EXPECT_THAT(help.err, IsEmpty());
    EXPECT_THAT(help.out, HasSubstr("Usage: cr ")) << call[0];
    std::istringstream lines(help.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << call[0] << ": " << line;
  }
}

TEST(Help, NamesEveryCommandAndExitStatus) {
  const std::string help = run({"--help"}).out;
  for (const std::string& command : kCommands) EXPECT_THAT(help, HasSubstr("\n  " + command + " "));
  for (const std::string command :
       {"", "dump", "restore", "check", "verify", "show", "plan", "core", "diff"}) {
    const std::string of_command = command.empty() ? help : run({command, "--help"}).out;
    for (int status = 0; status <= 7; ++status)
      EXPECT_THAT(of_command, HasSubstr(fmt::format("\n  {}  ", status))) << command;
    EXPECT_THAT(of_command, HasSubstr("128 plus the number of the signal")) << command;
  }
}

TEST(Help, SaysWhatShowPrintsAsJson) {
  const std::string help = run({"show", "--help"}).out;
  for (const std::string member : {"header", "origin", "records", "pages"})
    EXPECT_THAT(help, HasSubstr("\n  " + member + " ")) << help;
}

// None of them gets as far as touching a process or a file: pid 1234 is nobody's, /nowhere does not exist.
const std::vector<std::vector<std::string>> kNonsense = {
    {},
    {"fly"},
    {"dump"},
    {"dump", "1234"},
    {"dump", "1234", "-o"},
    {"dump", "-o", "/nowhere/x"},
    {"dump", "1", "-o", "/nowhere/x"},
    {"dump", "0", "-o", "/nowhere/x"},
    {"dump", "-5", "-o", "/nowhere/x"},
    {"dump", "abc", "-o", "/nowhere/x"},
    {"dump", "12abc", "-o", "/nowhere/x"},
    {"dump", "", "-o", "/nowhere/x"},
    {"check", "0123"},  // octal, or not?
    {"check", "0x12"},
    {"check", "4194304"},  // PID_MAX_LIMIT
    {"check", "99999999999999999999"},
    {"check", "1234", "5678"},
    {"check", "1234", "--deadline"},
    {"check", "1234", "--deadline", "0"},
    {"check", "1234", "--deadline", "-1"},
    {"check", "1234", "--deadline", "soon"},
    {"check", "1234", "--deadline", "10s"},
    {"check", "1234", "--deadline", "nan"},
    {"check", "1234", "--deadline", "inf"},
    {"check", "1234", "--deadline", "1e12"},
    {"check", "1234", "--deadline", "1e999"},
    {"dump", "1234", "-o", "/nowhere/x", "--deadline", "0"},
    {"restore", "/nowhere/x", "--deadline", "0"},
    {"restore"},
    {"restore", "/nowhere/x", "/nowhere/y"},
    {"restore", "/nowhere/x", "--leave-running"},
    {"verify"},
    {"verify", "--quickly", "/nowhere/x"},
    {"verify", "-q", "/nowhere/x"},
    {"show"},
    {"plan"},
    {"core"},
    {"core", "/nowhere/x"},
    {"core", "-o", "/nowhere"},
    {"core", "/nowhere/x", "-o", "/nowhere", "--pid", "1"},
    {"core", "/nowhere/x", "-o", "/nowhere", "--pid", "0x12"},
    {"diff"},
    {"diff", "/nowhere/x"},
    {"diff", "/nowhere/x", "/nowhere/y", "/nowhere/z"},
    {"show", "-"},
    {"plan", "-"},
    {"core", "-", "-o", "/nowhere"},
    {"diff", "-", "/nowhere/x"},
    {"diff", "/nowhere/x", "-"},
    {"verify", "/nowhere/x", "--parent", "-"},
    {"dump", "1234", "-o", "/nowhere/x", "--parent", "-"},
    {"binfmt"},
    {"binfmt", "fly"},
    {"binfmt", "install", "--name", ""},
    {"binfmt", "install", "--name", "a/b"},
    {"binfmt", "install", "--name", ".."},
    {"binfmt", "install", "--name", "register"},
    {"binfmt", "remove", "--name", "status"},
    {"binfmt", "remove", "--name", std::string(65, 'n')},
};

TEST(Usage, WhatMakesNoSenseExitsWithTwo) {
  for (const auto& call : kNonsense) {
    const Outcome outcome = run(call);
    EXPECT_EQ(outcome.status, 2) << fmt::format("{}", call);
    EXPECT_THAT(outcome.err, HasSubstr("--help")) << fmt::format("{}", call);
    EXPECT_THAT(outcome.out, IsEmpty()) << fmt::format("{}", call);
  }
}

TEST(Usage, IsAnErrorInJsonToo) {
  for (auto call : kNonsense) {
    SCOPED_TRACE(fmt::format("{}", call));
    call.insert(call.begin() + (call.empty() ? 0 : 1), "--json");
    is_error(run(call), 2, "usage", "");
  }
}

TEST(Usage, AStreamIsRefusedWithWhatToDoInstead) {
  is_error(run({"show", "--json", "-"}), 2, "usage", "store the image in a file first");
  const sys::TempDir folder;
  const auto in_it = [&] { EXPECT_EQ(::chdir((folder / "").c_str()), 0); };
  is_error(run({"show", "--json", "./-"}, in_it), 1, "system", "./-: No such file");
}

TEST(Usage, NobodyCheckpointsOwnAncestors) {
  is_error(run({"check", "--json", std::to_string(::getpid())}), 2, "usage", "an ancestor of it");
}

}  // namespace
}  // namespace cr::cli
