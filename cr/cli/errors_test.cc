// What goes wrong decides the exit status, and is told on standard error or as one JSON object.
#include <sys/prctl.h>
#include <sys/stat.h>

#include "cr/cli/cli_testing.h"

#include <linux/capability.h>

namespace cr::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const std::vector<std::string> kReaders = {"verify", "show", "plan", "restore", "core"};

std::vector<std::string> call_of(const std::string& command, const std::string& path) {
  std::vector<std::string> call{command, path};
  if (command == "core") call.insert(call.end(), {"-o", testing::TempDir()});
  return call;
}

void every_reader_says(const std::string& path, int status, const std::string& kind,
                       const std::string& words) {
  for (const std::string& command : kReaders) {
    SCOPED_TRACE(command + " " + path);
    auto call = call_of(command, path);
    const Outcome plain = run(call);
    call.push_back("--json");
    is_error(run(call), status, kind, words);
    EXPECT_EQ(plain.status, status);
    EXPECT_THAT(plain.out, IsEmpty());
    EXPECT_THAT(plain.err, StartsWith("cr: " + command));
    EXPECT_THAT(plain.err, HasSubstr(words));
  }
}

TEST(Errors, AMissingFile) { every_reader_says("/nowhere/x", 1, "system", "/nowhere/x: No such file"); }

// What is named in an error may have been named by others.
TEST(Errors, ANameThatWouldMoveTheCursor) {
  const Outcome outcome = run({"verify", "/nowhere/\x1b[2J"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("/nowhere/\\033[2J: No such file"));
}

TEST(Errors, APathThatIsNoUtf8) {
  is_error(run({"verify", "--json", "/nowhere/\xff\xfe"}), 1, "system", "No such file");
}

TEST(Errors, AFileThatMayNotBeRead) {
  const sys::TempDir folder;
  write_file(folder / "locked", "");
  ASSERT_EQ(::chmod((folder / "locked").c_str(), 0), 0);
  // Root reads everything, unless it cannot get these two.
  const auto as_anybody = [] {
    ::prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0);
    ::prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0, 0, 0);
  };
  is_error(run({"verify", "--json", folder / "locked"}, as_anybody), 1, "system", "Permission denied");
}

TEST(Errors, NoImage) {
  const sys::TempDir folder;
  write_file(folder / "empty", "");
  write_file(folder / "garbage", std::string(10000, 'g'));
  write_file(folder / "short garbage", "x");
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  for (const std::string name : {"empty", "garbage", "short garbage", "fifo", ""})
    every_reader_says(folder / name, 4, "invalid-image", folder / name);
  every_reader_says("/dev/zero", 4, "invalid-image", "not a regular file");
}

TEST(Errors, APidThatNobodyHas) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  const sys::TempDir folder;
  const std::string number = std::to_string(pid);
  is_error(run({"check", "--json", number}), 1, "system", "pid " + number);
  is_error(run({"dump", "--json", number, "-o", folder / "image"}), 1, "system", "pid " + number);
  EXPECT_FALSE(std::filesystem::exists(folder / "image"));
}

TEST(Errors, BlockersAreListed) {
  const Sleeper sleeper("1000");
  ASSERT_EQ(::kill(sleeper.pid(), SIGSTOP), 0);
  ASSERT_EQ(::waitpid(sleeper.pid(), nullptr, WUNTRACED), sleeper.pid());
  const sys::TempDir folder;
  for (const auto& call :
       {std::vector<std::string>{"check", "--json", sleeper.name()},
        std::vector<std::string>{"dump", "--json", sleeper.name(), "-o", folder / "image"}}) {
    const Outcome outcome = run(call);
    is_error(outcome, 3, "unsupported", "pid " + sleeper.name());
    nlohmann::json blockers = nlohmann::json::parse(outcome.out)["error"]["blockers"];
    ASSERT_EQ(blockers.size(), 1u) << blockers;
    nlohmann::json blocker = blockers[0];
    EXPECT_EQ(blocker.size(), 4u) << blocker;
    EXPECT_EQ(blocker.value("pid", 0), sleeper.pid());
    EXPECT_EQ(blocker.value("kind", ""), "stopped");
    EXPECT_NE(blocker.value("where", ""), "");
    EXPECT_NE(blocker.value("reason", ""), "");
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "image"));
  const Outcome plain = run({"check", sleeper.name()});
  EXPECT_EQ(plain.status, 3);
  EXPECT_THAT(plain.err, HasSubstr("(stopped)"));
}

// What is wrong with one task does not hide what another holds, nor what it holds itself.
TEST(Errors, AllBlockersAreListedAtOnce) {
  const Sleeper shell({"sh", "-c", "nice -n 5 sleep 1000 & kill -STOP $$; wait"});
  const auto state = [](pid_t pid) {
    const auto text = sys::read_file(fmt::format("/proc/{}/stat", pid));
    return text ? (*text)[text->rfind(')') + 2] : '?';
  };
  pid_t sleep = 0;
  const auto is_nice = [&] {
    const std::string children =
        sys::read_file(fmt::format("/proc/{}/task/{}/children", shell.pid(), shell.pid())).value();
    if (children.empty()) return false;
    sleep = std::stoi(children);
    return sys::read_file(fmt::format("/proc/{}/comm", sleep)).value() == "sleep\n" && state(sleep) == 'S';
  };
  for (int i = 0; i < 10000 && !(state(shell.pid()) == 'T' && is_nice()); ++i) ::usleep(1000);
  std::vector<std::pair<pid_t, std::string>> named;
  const Outcome outcome = run({"check", "--json", shell.name()});
  EXPECT_EQ(outcome.status, 3);
  const nlohmann::json error = json_of(outcome)["error"];
  for (const auto& blocker : error["blockers"])
    named.emplace_back(blocker.value("pid", 0), blocker.value("kind", ""));
  EXPECT_THAT(named, ::testing::UnorderedElementsAre(std::pair(shell.pid(), std::string("stopped")),
                                                     std::pair(sleep, std::string("nice"))));
  EXPECT_EQ(state(shell.pid()), 'T') << "it is still stopped";
  ::kill(sleep, SIGKILL);
}

TEST(Errors, ADeadlineThatHasPassed) {
  Sleeper sleeper("1000");
  const sys::TempDir folder;
  is_error(run({"check", "--json", "--deadline", "0.0001", sleeper.name()}), 6, "deadline", "");
  is_error(run({"dump", "--json", "--deadline", "0.0001", sleeper.name(), "-o", folder / "image"}), 6,
           "deadline", "");
  EXPECT_FALSE(std::filesystem::exists(folder / "image"));
  EXPECT_TRUE(sleeper.lives());
}

// The last moment of a tree: its root is a zombie that somebody has yet to wait for.
TEST(Errors, ATreeThatHasEnded) {
  Sleeper sleeper("1000");
  const sys::TempDir folder;
  ::kill(sleeper.pid(), SIGKILL);
  siginfo_t info;
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(sleeper.pid()), &info, WEXITED | WNOWAIT), 0);
  is_error(run({"check", "--json", sleeper.name()}), 1, "system", "has ended");
  is_error(run({"dump", "--json", sleeper.name(), "-o", folder / "image"}), 1, "system", "has ended");
  EXPECT_FALSE(std::filesystem::exists(folder / "image"));
}

TEST(Errors, AnImageThatCannotBeWritten) {
  Sleeper sleeper("1000");
  is_error(run({"dump", "--json", sleeper.name(), "-o", "/nowhere/image"}), 1, "system", "/nowhere/image");
  EXPECT_TRUE(sleeper.lives());
}

TEST(Errors, APidFileThatCannotBeWritten) {
  is_error(run({"restore", "--json", "--pidfile", "/nowhere/pid", "/nowhere/image"}), 1, "system",
           "--pidfile: open /nowhere/pid: No such file");
}

TEST(Errors, ARestoreThatFailsLeavesPidFilesAlone) {
  const sys::TempDir folder;
  write_file(folder / "old", "what it held\n");
  for (const std::string name : {"old", "new"})
    EXPECT_EQ(run({"restore", "--pidfile", folder / name, "/nowhere/image"}).status, 1);
  EXPECT_EQ(sys::read_file(folder / "old").value(), "what it held\n");
  EXPECT_NE(::access((folder / "new").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace cr::cli
