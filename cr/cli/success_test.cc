// What the commands say when all goes well: the whole way of one process, and what is read from its image.
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <set>

#include "cr/cli/cli_testing.h"

namespace cr::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::vector<std::string> names_in(const nlohmann::json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

nlohmann::json succeed(const std::vector<std::string>& call) {
  const Outcome outcome = run(call);
  EXPECT_EQ(outcome.status, 0) << call[0] << ": " << outcome.out;
  return json_of(outcome);
}

class Success : public testing::Test {
 protected:
  void SetUp() override {
    const Outcome outcome = run({"dump", "--json", "--leave-running", sleeper_.name(), "-o", image_});
    ASSERT_EQ(outcome.status, 0) << outcome.out;
    dumped_ = json_of(outcome);
  }

  const sys::TempDir folder_;
  const std::string image_ = folder_ / "image";
  Sleeper sleeper_{"1000"};
  nlohmann::json dumped_;
};

TEST_F(Success, Dump) {
  EXPECT_THAT(names_in(dumped_),
              ::testing::ElementsAre("frozen_ms", "image", "image_bytes", "tasks", "threads"));
  EXPECT_EQ(dumped_["image"], image_);
  EXPECT_EQ(dumped_["image_bytes"], std::filesystem::file_size(image_));
  EXPECT_EQ(dumped_["tasks"], 1);
  EXPECT_EQ(dumped_["threads"], 1);
  EXPECT_GT(dumped_["frozen_ms"], 0);
  EXPECT_TRUE(sleeper_.lives());
}

TEST_F(Success, Check) {
  nlohmann::json checked = succeed({"check", "--json", sleeper_.name()});
  EXPECT_THAT(names_in(checked), ::testing::ElementsAre("frozen_ms", "tasks", "threads"));
  EXPECT_EQ(checked["tasks"], 1);
  EXPECT_TRUE(sleeper_.lives());
  const Outcome plain = run({"check", sleeper_.name(), "--deadline", "30"});
  EXPECT_EQ(plain.status, 0);
  EXPECT_THAT(plain.out, StartsWith("pid " + sleeper_.name() + ": 1 tasks, 1 threads"));
  EXPECT_THAT(plain.err, IsEmpty());
  EXPECT_THAT(run({"check", "-v", sleeper_.name()}).err, HasSubstr("cr: freezing\n"));
}

TEST_F(Success, Verify) {
  nlohmann::json verified = succeed({"verify", "--json", image_});
  EXPECT_THAT(names_in(verified), ::testing::ElementsAre("bytes", "image", "pages", "parents", "processes",
                                                         "records", "sections"));
  EXPECT_EQ(verified["bytes"], dumped_["image_bytes"]);
  EXPECT_EQ(verified["processes"], 1);
}

TEST_F(Success, Show) {
  nlohmann::json shown = succeed({"show", "--json", image_});
  EXPECT_THAT(names_in(shown), ::testing::ElementsAre("header", "origin", "pages", "records"));
  EXPECT_EQ(shown["origin"]["root"], sleeper_.pid());
  EXPECT_EQ(shown["records"][0]["type"], "Task");
  for (const auto& record : shown["records"]) EXPECT_TRUE(record["record"].is_object()) << record;
  EXPECT_THAT(run({"show", "--all", image_}).out, HasSubstr("\nTask " + sleeper_.name() + "\n"));
  EXPECT_THAT(run({"show", image_}).out, HasSubstr("  " + sleeper_.name() + " sleep, 64-bit, 1 thread"));
}

// Of an object's pages each is told of once, in order; `kinds` are seen.
void expect_extents(nlohmann::json object, std::set<std::string>& kinds) {
  EXPECT_THAT(names_in(object), ::testing::ElementsAre("extents", "id", "pages", "stored"));
  uint64_t pages = 0, stored = 0;
  for (nlohmann::json extent : object["extents"]) {
    EXPECT_THAT(names_in(extent), ::testing::ElementsAre("first", "kind", "pages", "source", "stored"));
    EXPECT_EQ(extent["first"], pages);
    const std::string kind = extent["kind"];
    const bool refers = kind == "same" || kind == "parent";
    EXPECT_EQ(extent["source"].is_object(), refers) << extent;
    if (refers) {
      EXPECT_THAT(names_in(extent["source"]), ::testing::ElementsAre("first", "id"));
    }
    EXPECT_EQ(extent["stored"] != 0, kind == "raw" || kind == "zstd") << extent;
    pages += extent["pages"].get<uint64_t>(), stored += extent["stored"].get<uint64_t>();
    kinds.insert(kind);
  }
  EXPECT_EQ(object["pages"], pages);
  EXPECT_EQ(object["stored"], stored);
}

// What `cr show --json` says of an image's header and of where its pages come from; the kinds of extents.
std::set<std::string> expect_container(nlohmann::json shown, const nlohmann::json& features,
                                       const nlohmann::json& parent) {
  const nlohmann::json& header = shown["header"];
  EXPECT_THAT(names_in(header),
              ::testing::ElementsAre("image_id", "major_version", "minor_version", "optional_features",
                                     "page_size", "parent_id", "required_features"));
  EXPECT_EQ(header["major_version"], 1);
  EXPECT_EQ(header["minor_version"], 0);
  EXPECT_EQ(header["page_size"], 4096);
  EXPECT_EQ(header["required_features"], features);
  EXPECT_EQ(header["optional_features"], nlohmann::json::array());
  EXPECT_THAT(header["image_id"].get<std::string>(), ::testing::MatchesRegex("[0-9a-f]{32}"));
  EXPECT_EQ(header["parent_id"], parent);
  std::set<std::string> kinds;
  EXPECT_FALSE(shown["pages"].empty());
  for (const nlohmann::json& object : shown["pages"]) expect_extents(object, kinds);
  return kinds;
}

TEST_F(Success, ShowTellsHowItIsStored) {
  const nlohmann::json plain = succeed({"show", "--json", image_});
  EXPECT_TRUE(expect_container(plain, nlohmann::json::array(), nullptr).contains("raw"));
  const std::string child = folder_ / "child";
  succeed({"dump", "--json", "--leave-running", sleeper_.name(), "-o", child, "--parent", image_,
           "--compress", "1"});
  const nlohmann::json inherits = succeed({"show", "--json", child});
  const auto kinds = expect_container(inherits, {0, 1}, plain["header"]["image_id"]);
  EXPECT_TRUE(kinds.contains("parent")) << inherits["pages"];
}

TEST_F(Success, Plan) {
  nlohmann::json planned = succeed({"plan", "--json", image_});
  EXPECT_THAT(names_in(planned), ::testing::ElementsAre("processes", "root", "store"));
  EXPECT_EQ(planned["root"], sleeper_.pid());
  EXPECT_EQ(planned["processes"][0]["role"], "task");
  EXPECT_GT(planned["processes"][0]["lists"][0]["ops"].size(), 10u);
  EXPECT_THAT(run({"plan", image_}).out, HasSubstr("\npid " + sleeper_.name() + ": 64-bit, built from "));
}

TEST_F(Success, Core) {
  const std::string core = folder_ / ("core." + sleeper_.name());
  write_file(core, "an older one");
  nlohmann::json written = succeed({"core", "--json", image_, "-o", folder_ / ""});
  EXPECT_THAT(names_in(written), ::testing::ElementsAre("cores", "image"));
  ASSERT_EQ(written["cores"].size(), 1u);
  nlohmann::json told = written["cores"][0];
  EXPECT_THAT(names_in(told),
              ::testing::ElementsAre("bytes", "file", "pid", "segments", "threads", "vdso", "word_size"));
  EXPECT_EQ(told["pid"], sleeper_.pid());
  EXPECT_EQ(told["word_size"], 64);
  EXPECT_EQ(told["threads"], 1);
  EXPECT_EQ(told["vdso"], true);
  EXPECT_EQ(told["bytes"], std::filesystem::file_size(core));
  EXPECT_EQ(std::filesystem::status(core).permissions(), std::filesystem::perms(0600));
  EXPECT_THAT(sys::read_file(core).value(), StartsWith("\177ELF"));
  EXPECT_THAT(run({"core", image_, "-o", folder_ / "", "--pid", sleeper_.name()}).out,
              HasSubstr(": 64-bit, 1 thr"));
}

TEST_F(Success, NoCoreIsWrittenWhereItCannotBe) {
  write_file(folder_ / "file", "");
  is_error(run({"core", "--json", image_, "-o", folder_ / "nowhere"}), 1, "system", "nowhere: No such file");
  is_error(run({"core", "--json", image_, "-o", folder_ / "file"}), 1, "system", "Not a directory");
  is_error(run({"core", "--json", image_, "-o", folder_ / "", "--pid", "4194303"}), 1, "system",
           "the image has no process 4194303");
  // Cut off by a limit, as by a full disk: the older one stays, and nothing is left beside it.
  const std::string core = folder_ / ("core." + sleeper_.name());
  write_file(core, "an older one");
  const auto limited = [] {
    const rlimit64 few{16384, 16384};
    ::setrlimit64(RLIMIT_FSIZE, &few);
  };
  is_error(run({"core", "--json", image_, "-o", folder_ / ""}, limited), 1, "system", "File too large");
  EXPECT_EQ(sys::read_file(core).value(), "an older one");
  EXPECT_EQ(sys::list_dir(folder_ / "").value().size(), 3u);
}

TEST_F(Success, AnImageWithANameThatIsNoUtf8) {
  std::filesystem::copy(image_, folder_ / "\xff\xfe");
  EXPECT_EQ(succeed({"verify", "--json", folder_ / "\xff\xfe"})["processes"], 1);
}

TEST_F(Success, ACutImageIsNone) {
  const uint64_t size = dumped_["image_bytes"];
  for (const uint64_t length : {size - 1, size / 2, uint64_t{4096}, uint64_t{20}}) {
    std::filesystem::resize_file(image_, length);
    for (const std::string command : {"verify", "show", "plan", "restore"})
      is_error(run({command, "--json", image_}), 4, "invalid-image", image_);
  }
}

TEST_F(Success, DiffOfOneProgramThatWentOn) {
  // The image of the fixture may show it on its way to its sleep, which a dump interrupts and the kernel
  // restarts.
  const auto call = [&] { return sys::read_file(fmt::format("/proc/{}/syscall", sleeper_.pid())).value(); };
  const std::string asleep = fmt::format("{} ", SYS_clock_nanosleep),
                    again_asleep = fmt::format("{} ", SYS_restart_syscall);
  for (int i = 0; i < 10000 && !call().starts_with(asleep) && !call().starts_with(again_asleep); ++i)
    ::usleep(1000);
  const std::string once = folder_ / "once", again = folder_ / "again";
  for (const std::string& image : {once, again})
    succeed({"dump", "--leave-running", "--json", sleeper_.name(), "-o", image});
  nlohmann::json same = succeed({"diff", "--json", once, again});
  EXPECT_THAT(names_in(same), ::testing::ElementsAre("fields", "pages", "same"));
  EXPECT_EQ(same["same"], true) << same;
  EXPECT_EQ(run({"diff", once, once, "--all"}).out, "no difference\n");
  // It sleeps for a time that runs out.
  const Outcome all = run({"diff", "--all", once, again});
  EXPECT_EQ(all.status, 7);
  EXPECT_THAT(all.out,
              HasSubstr("pid " + sleeper_.name() + " thread " + sleeper_.name() + " wait.remaining_ns: "));
}

TEST_F(Success, DiffOfTwoPrograms) {
  const Sleeper other("1000");
  const std::string second = folder_ / "second";
  succeed({"dump", "--leave-running", "--json", other.name(), "-o", second});
  const Outcome outcome = run({"diff", "--json", image_, second});
  EXPECT_EQ(outcome.status, 7);
  const nlohmann::json found = json_of(outcome);
  EXPECT_EQ(found["same"], false);
  EXPECT_EQ(found["fields"][0]["where"], "origin");
  EXPECT_EQ(found["fields"][0]["field"], "root");
  EXPECT_EQ(found["fields"][0]["a"], sleeper_.name());
  EXPECT_EQ(found["fields"][0]["b"], other.name());
  EXPECT_THAT(run({"diff", image_, second}).out,
              HasSubstr("pid " + other.name() + " task: absent -> present\n"));
}

TEST_F(Success, ATakenPidIsAConflict) {
  is_error(run({"restore", "--json", image_}), 5, "conflict", "the id " + sleeper_.name() + " is taken");
  EXPECT_TRUE(sleeper_.lives());
}

// A full disk, a reader that has gone: what was not said is not done.
TEST_F(Success, WhatCannotBeSaidIsAFailure) {
  const auto to_a_full_disk = [] { ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO); };
  const auto to_nobody = [] {
    int ends[2];
    if (::pipe(ends) == 0) ::dup2(ends[1], STDOUT_FILENO), ::close(ends[0]), ::close(ends[1]);
  };
  for (const std::string command : {"verify", "show", "plan"}) {
    const Outcome full = run({command, image_}, to_a_full_disk);
    EXPECT_EQ(full.status, 1) << command;
    EXPECT_THAT(full.err, HasSubstr("standard output: No space left on device")) << command;
    const Outcome alone = run({command, image_}, to_nobody);
    EXPECT_EQ(alone.status, 1) << command;
    EXPECT_THAT(alone.err, HasSubstr("standard output: Broken pipe")) << command;
  }
}

TEST(Restore, EndsAsTheRootEnds) {
  const sys::TempDir folder;
  const std::string image = folder / "image";
  Sleeper sleeper("0.5");
  const std::string name = sleeper.name();
  ASSERT_EQ(run({"dump", name, "-o", image}).status, 0);
  ASSERT_EQ(sleeper.end(), 128 + SIGKILL) << "a dump ends the tree";
  nlohmann::json restored = succeed({"restore", "--json", image});
  EXPECT_THAT(names_in(restored), ::testing::ElementsAre("root", "tasks", "threads"));
  EXPECT_EQ(restored["root"], std::stoi(name));
  EXPECT_EQ(restored["tasks"], 1);
}

pid_t only_child_of(pid_t pid) {
  std::string text;
  while (text.empty()) text = sys::read_file(fmt::format("/proc/{}/task/{}/children", pid, pid)).value();
  return std::stoi(text);
}

// However far a restore has come: it is in time or it leaves nothing, not even the dead.
TEST(Restore, NothingIsLeftAfterItsDeadline) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  const sys::TempDir folder;
  const std::string image = folder / "image";
  Sleeper shell({"sh", "-c", "sleep 1000 & wait"});
  const pid_t pid = shell.pid(), child = only_child_of(pid);
  ASSERT_EQ(run({"dump", shell.name(), "-o", image}).status, 0);
  ASSERT_EQ(shell.end(), 128 + SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  int late = 0;
  for (double seconds = 0.0001;; seconds *= 1.5) {
    const Outcome outcome =
        run({"restore", "--json", "--detach", "--deadline", std::to_string(seconds), image});
    if (outcome.status == 0) break;
    ++late;
    is_error(outcome, 6, "deadline", "");
    for (const pid_t gone : {pid, child})
      ASSERT_EQ(::kill(gone, 0), -1) << gone << " of " << pid << ", " << seconds;
    ASSERT_LT(seconds, 60);
  }
  EXPECT_GT(late, 0);
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST(Restore, DetachesAndTellsThePid) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  const sys::TempDir folder;
  const std::string image = folder / "image", pidfile = folder / "pid";
  Sleeper sleeper("1000");
  const pid_t pid = sleeper.pid();
  ASSERT_EQ(run({"dump", sleeper.name(), "-o", image}).status, 0);
  ASSERT_EQ(sleeper.end(), 128 + SIGKILL);
  nlohmann::json restored = succeed({"restore", "--json", "--detach", "--pidfile", pidfile, image});
  EXPECT_EQ(restored["root"], pid);
  EXPECT_EQ(sys::read_file(pidfile).value(), fmt::format("{}\n", pid));
  EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), 0) << "it lives, and is ours";
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

}  // namespace
}  // namespace cr::cli
