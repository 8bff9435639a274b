// What is being done is told on a terminal, in a line that goes again, and nowhere else unless it is asked
// for.
#include "cr/cli/cli_testing.h"

namespace cr::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kWipe[] = "\r\033[K";

// A pseudo-terminal for standard error.
class Terminal {
 public:
  Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_EQ(::grantpt(master_.get()), 0);
    EXPECT_EQ(::unlockpt(master_.get()), 0);
    slave_ = sys::UniqueFd(::open(::ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    EXPECT_TRUE(slave_.valid());
  }

  // What the command says to a terminal; the rest as ever.
  std::pair<Outcome, std::string> run_at(const std::vector<std::string>& call) {
    Outcome outcome = run(call, [this] { ::dup2(slave_.get(), STDERR_FILENO); });
    // What is said comes through later than it was said, but in order.
    constexpr std::string_view kEnd = "<end>";
    EXPECT_TRUE(sys::write_fully(slave_.get(), std::as_bytes(std::span(kEnd))));
    std::string shown;
    char piece[4096];
    while (!shown.ends_with(kEnd)) {
      const ssize_t got = ::read(master_.get(), piece, sizeof(piece));
      if (got <= 0) return {std::move(outcome), "the terminal cannot be read: " + shown};
      shown.append(piece, static_cast<size_t>(got));
    }
    shown.resize(shown.size() - kEnd.size());
    return {std::move(outcome), std::move(shown)};
  }

 private:
  sys::UniqueFd master_, slave_;
};

class Progress : public testing::Test {
 protected:
  void SetUp() override {
    const Outcome outcome = run({"dump", "--leave-running", sleeper_.name(), "-o", image_});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    for (const std::string command : {"verify", "show", "plan"}) calls_.push_back({command, image_});
    calls_.push_back({"core", image_, "-o", folder_ / ""});
    calls_.push_back({"diff", image_, image_});
    calls_.push_back({"check", sleeper_.name()});
    calls_.push_back({"dump", "--leave-running", sleeper_.name(), "-o", folder_ / "another"});
  }

  const sys::TempDir folder_;
  const std::string image_ = folder_ / "image";
  Sleeper sleeper_{"1000"};
  std::vector<std::vector<std::string>> calls_;
};

TEST_F(Progress, IsALineThatGoesAgainOnATerminal) {
  for (const auto& call : calls_) {
    SCOPED_TRACE(call[0]);
    const auto [outcome, shown] = Terminal().run_at(call);
    EXPECT_EQ(outcome.status, 0) << shown;
    EXPECT_THAT(shown, StartsWith(kWipe));
    EXPECT_THAT(shown, EndsWith(std::string(" ...") + kWipe));
    EXPECT_EQ(shown.find('\n'), std::string::npos) << shown;
  }
  for (const std::string command : {"verify", "show", "plan", "core", "diff"}) {
    std::vector<std::string> call{command, image_};
    if (command == "core") call.insert(call.end(), {"-o", folder_ / ""});
    if (command == "diff") call.push_back(image_);
    EXPECT_THAT(Terminal().run_at(call).second, HasSubstr("verifying " + image_)) << command;
  }
}

TEST_F(Progress, IsForNobodyElse) {
  for (std::vector<std::string> call : calls_) {
    SCOPED_TRACE(call[0]);
    EXPECT_THAT(run(call).err, IsEmpty());
    call.push_back("--json");
    EXPECT_THAT(Terminal().run_at(call).second, IsEmpty()) << "one object, and nothing beside it";
  }
}

TEST_F(Progress, IsLinesWhereItIsAskedFor) {
  EXPECT_EQ(run({"verify", "-v", image_}).err.find("cr: verifying " + image_ + "\n"), 0u);
  const std::string core = folder_ / ("core." + sleeper_.name());
  EXPECT_THAT(run({"core", "-v", image_, "-o", folder_.path()}).err, HasSubstr("cr: writing " + core + "\n"));
  const std::string compared = run({"diff", "-v", image_, image_}).err;
  EXPECT_THAT(compared, HasSubstr("cr: comparing records\n"));
  EXPECT_THAT(compared, HasSubstr("cr: comparing the memory of pid " + sleeper_.name() + "\n"));
}

}  // namespace
}  // namespace cr::cli
