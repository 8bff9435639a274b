// What an executed image means as a command line.
#include "cr/cli/executed.h"

#include "cr/cli/cli_testing.h"

namespace cr::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> restore_of(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  const std::vector<char*> found = as_restore(static_cast<int>(argv.size()), argv.data());
  EXPECT_EQ(found.back(), nullptr);
  return {found.begin(), found.end() - 1};
}

TEST(Executed, IsARestore) {
  EXPECT_THAT(restore_of({"/usr/bin/cr", "./job.img"}), ElementsAre("/usr/bin/cr", "restore", "./job.img"));
  EXPECT_THAT(restore_of({"cr", "./job.img", "--detach", "--pidfile", "p"}),
              ElementsAre("cr", "restore", "./job.img", "--detach", "--pidfile", "p"));
  EXPECT_THAT(restore_of({"cr", "--json", "-v"}), ElementsAre("cr", "restore", "-v", "--", "--json"));
}

TEST(Executed, TheMarkIsUnderstood) {
  is_error(run({"restore", "--json", "--", "--detach"}), 1, "system", "--detach: No such file");
}

TEST(Binfmt, AStatusIsAlwaysTold) {
  const Outcome outcome = run({"binfmt", "status", "--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const nlohmann::json status = json_of(outcome);
  EXPECT_TRUE(status["kernel"].is_string() && status["mounted"].is_boolean());
  EXPECT_TRUE(status["enabled"].is_boolean() && status["entries"].is_array());
  EXPECT_THAT(run({"binfmt", "status"}).out, HasSubstr("binfmt_misc"));
}

TEST(Binfmt, WhatIsNotThereNeedNotBeRemoved) {
  const Outcome outcome = run({"binfmt", "remove", "--json", "--name", "cr-of-nobody"});
  EXPECT_EQ(outcome.status, 0) << outcome.out;
  EXPECT_EQ(json_of(outcome)["removed"], false);
}

}  // namespace
}  // namespace cr::cli
