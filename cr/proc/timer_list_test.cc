#include "cr/proc/timer_list.h"

#include "cr/proc/testing.h"

namespace cr::proc {
namespace {

constexpr std::string_view kShort =
    "Timer List Version: v0.10\nHRTIMER_MAX_CLOCK_BASES: 8\nnow at 5 nsecs\n\n"
    "cpu: 3\n clock 1:\n  .base:       00000000f0b0600a\n  .index:      1\n  .resolution: 1 nsecs\n"
    "active timers:\n"
    " #0: <0000000092744e08>, tick_nohz_handler, S:01\n # expires at 7-7 nsecs [in 2 to 2 nsecs]\n"
    " #1: <0000000033cee34a>, hrtimer_wakeup, S:01\n # expires at 100-150 nsecs [in 95 to 145 nsecs]\n"
    " #2: (____ptrval____), hrtimer_wakeup\n"
    " # expires at 18446744073709551615-0 nsecs [in 95 to 145 nsecs]\n"
    "  .nr_events      : 13\n\nTick Device: mode:     1\n";

TEST(TimerList, SleepersOnly) {
  const auto list = parse_timer_list(kShort);
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_EQ(list->now_ns, 5);
  const std::vector<SleepTimer>& timers = list->sleepers;
  ASSERT_EQ(timers.size(), 2u);
  const SleepTimer& first = timers.front();
  EXPECT_EQ(first.cpu, 3u);
  EXPECT_EQ(first.clock_base, 1u);
  EXPECT_EQ(first.address, 0x33cee34au);
  EXPECT_EQ(first.soft_expires_ns, 100);
  EXPECT_EQ(first.expires_ns, 150);
  EXPECT_EQ(timers.back().address, 0u);
  EXPECT_EQ(timers.back().soft_expires_ns, -1);
}

TEST(TimerList, Captured) {
  const std::string text = captured("timer_list");
  const auto list = parse_timer_list(text);
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_GT(list->now_ns, 0);
  size_t sleepers = 0;
  for (size_t at = 0; (at = text.find("hrtimer_wakeup", at)) != std::string::npos; ++at) ++sleepers;
  EXPECT_EQ(list->sleepers.size(), sleepers);
  EXPECT_GE(sleepers, 5u);
  bool both_cpus[2] = {};
  for (const SleepTimer& timer : list->sleepers) {
    ASSERT_LT(timer.cpu, 2u);
    both_cpus[timer.cpu] = true;
    EXPECT_LT(timer.clock_base, 8u);
    EXPECT_GE(timer.expires_ns, timer.soft_expires_ns);
    EXPECT_NE(timer.address, 0u);
  }
  EXPECT_TRUE(both_cpus[0] && both_cpus[1]);
}

TEST(TimerList, BrokenLinesAreNamed) {
  const std::string text(kShort);
  expect_error(parse_timer_list(""), {"version"});
  expect_error(parse_timer_list(replaced(text, "cpu: 3", "cpu: x")), {"timer_list line 5", "CPU"});
  expect_error(parse_timer_list(replaced(text, ".index:      1", ".index:      -")),
               {"line 8", "clock base"});
  expect_error(parse_timer_list(replaced(text, "  .index:      1\n", "")), {"line 12", "clock base"});
  expect_error(parse_timer_list(replaced(text, "100-150", "100")), {"line 14", "expiry"});
  expect_error(parse_timer_list(replaced(text, "100-150", "100-99999999999999999999")),
               {"line 14", "expiry"});
  for (const char* time : {"5x nsecs", " 5 nsecs", "5", "5 nsecs ", "9223372036854775808 nsecs", "nsecs"})
    expect_error(parse_timer_list(replaced(text, "5 nsecs", time)), {"line 3", "the time now"});
  expect_error(parse_timer_list(replaced(text, "cpu: 3", "now at 6 nsecs")), {"line 5", "once"});
  expect_error(parse_timer_list(replaced(text, "now at 5 nsecs\n", "")), {"does not tell the time"});
  expect_error(parse_timer_list(text.substr(0, text.find(" # expires at 100"))), {"cut short"});
}

TEST(TimerList, CutAnywhere) {
  const auto describe = [](const TimerList& list) {
    std::vector<std::string> out{fmt::format("{}", list.now_ns)};
    for (const auto& t : list.sleepers) {
      out.push_back(
          fmt::format("{} {} {} {} {}", t.cpu, t.clock_base, t.address, t.soft_expires_ns, t.expires_ns));
    }
    return out;
  };
  EXPECT_GT(expect_cuts_are_prefixes(kShort, parse_timer_list, describe), 0u);
  EXPECT_GT(expect_cuts_are_prefixes(captured("timer_list"), parse_timer_list, describe), 0u);
}

}  // namespace
}  // namespace cr::proc
