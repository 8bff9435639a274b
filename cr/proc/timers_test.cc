#include "cr/proc/timers.h"

#include <csignal>
#include <ctime>

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

TEST(Timers, ReadsEveryField) {
  const auto timers = parse_timers(captured("timers-64"));
  ASSERT_TRUE(timers) << timers.error().message();
  ASSERT_EQ(timers->size(), 3u);
  const PosixTimer& to_thread = (*timers)[0];
  EXPECT_EQ(to_thread.id, 2);
  EXPECT_EQ(to_thread.signal, SIGUSR1);
  EXPECT_EQ(to_thread.sigval, 0xbeefu);
  EXPECT_EQ(to_thread.notify, SIGEV_SIGNAL);
  EXPECT_TRUE(to_thread.to_thread);
  EXPECT_EQ(to_thread.target, 18624);
  EXPECT_EQ(to_thread.clock_id, -6);  // the process's CPU time
  EXPECT_EQ((*timers)[1].notify, SIGEV_NONE);
  EXPECT_EQ((*timers)[1].clock_id, CLOCK_MONOTONIC);
  EXPECT_FALSE((*timers)[2].to_thread);
}

TEST(Timers, OfA32BitTask) {
  const auto timers = parse_timers(captured("timers-32"));
  ASSERT_TRUE(timers) << timers.error().message();
  EXPECT_EQ(timers->size(), 3u);
  EXPECT_EQ(timers->front().target, 18667);
}

TEST(Timers, NoneAndNovelLines) {
  const auto none = parse_timers("");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
  const auto novel =
      parse_timers("ID: 4\nsignal: 0/ffffffffffffffff\nnotify: thread/pid.0\nClockID: 1\nNovelty: x\n");
  ASSERT_TRUE(novel) << novel.error().message();
  EXPECT_EQ(novel->front().notify, SIGEV_THREAD);
  EXPECT_EQ(novel->front().sigval, ~uint64_t{0});
}

TEST(Timers, BrokenLinesAreNamed) {
  const std::string text = captured("timers-64");
  expect_error(parse_timers(text.substr(text.find("signal"))), {"timers line 1", "ID"});
  expect_error(parse_timers(replaced(text, "ID: 2", "ID: two")), {"timers line 1", "timer id"});
  expect_error(parse_timers(replaced(text, "10/000000000000beef", "10")), {"timers line 2", "SIGNO/VALUE"});
  expect_error(parse_timers(replaced(text, "signal/tid.", "smoke/tid.")),
               {"timers line 3", "signal, none or thread"});
  expect_error(parse_timers(replaced(text, "signal/tid.", "signal/tod.")), {"timers line 3"});
  expect_error(parse_timers(replaced(text, "ClockID: -6", "ClockID: ")), {"timers line 4", "clock id"});
  expect_error(parse_timers(replaced(text, "notify: none/pid.18624\n", "")), {"timer 1", "notify"});
}

TEST(Timers, CutAnywhere) {
  const auto describe = [](const std::vector<PosixTimer>& timers) {
    std::vector<std::string> out;
    for (const auto& t : timers) {
      out.push_back(fmt::format("{} {} {} {} {} {} {}", t.id, t.signal, t.sigval, t.notify, t.to_thread,
                                t.target, t.clock_id));
    }
    return out;
  };
  EXPECT_EQ(expect_cuts_are_prefixes(captured("timers-64"), parse_timers, describe), 3u);
}

}  // namespace
}  // namespace cr::proc
