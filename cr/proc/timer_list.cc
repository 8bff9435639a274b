#include "cr/proc/timer_list.h"

#include "cr/proc/text.h"

namespace cr::proc {
namespace {

// Where we are in the file: it is a tree of CPUs, clock bases and timers without indentation that means
// anything.
struct Place {
  std::optional<int64_t> now_ns;
  std::optional<uint32_t> cpu;
  std::optional<uint32_t> base;
  std::optional<SleepTimer> due;  // a sleeper whose line of expiry comes next
};

// " #3: <00000000c7d1a8fc>, hrtimer_wakeup, S:01". Other functions are no business of ours.
bool is_sleeper(std::string_view line, uint64_t& address) {
  Cursor cursor(line);
  uint64_t index = 0;
  cursor.blanks();
  if (!cursor.take('#') || !cursor.number(index) || !cursor.take(": ")) return false;
  // "(____ptrval____)" stands for the address early after boot.
  std::string_view pointer = cursor.word();
  if (pointer.starts_with('<')) pointer.remove_prefix(1);
  address = whole_number<uint64_t>(pointer.substr(0, pointer.find('>')), 16).value_or(0);
  std::string_view function = cursor.word();
  if (function.ends_with(',')) function.remove_suffix(1);
  return function == "hrtimer_wakeup";
}

// " # expires at 1390123858368-1390123908368 nsecs [in 44041903 to 44091903 nsecs]"
bool read_expiry(std::string_view line, SleepTimer& timer) {
  Cursor cursor(line);
  uint64_t soft = 0;
  uint64_t hard = 0;
  cursor.blanks();
  if (!cursor.take("# expires at ") || !cursor.number(soft) || !cursor.take('-') || !cursor.number(hard) ||
      !cursor.take(" nsecs")) {
    return false;
  }
  // A ktime_t printed as unsigned: relative to a clock that was set back it may be negative.
  timer.soft_expires_ns = static_cast<int64_t>(soft);
  timer.expires_ns = static_cast<int64_t>(hard);
  return true;
}

// "now at 1390079956465 nsecs"
Result<void> read_now(std::string_view line, std::string_view rest, Place& place) {
  Cursor cursor(rest);
  int64_t now_ns = 0;
  if (place.now_ns || !cursor.number(now_ns) || !cursor.take(" nsecs") || !cursor.at_end())
    return unexpected(line, "the time now, once");
  place.now_ns = now_ns;
  return {};
}

// A line that tells where the following timers belong, or what time it is.
Result<void> read_place(std::string_view line, Place& place) {
  Cursor cursor(line);
  if (cursor.take("now at ")) return read_now(line, cursor.rest(), place);
  if (cursor.take("cpu: ")) {
    if (!cursor.number(place.cpu.emplace())) return unexpected(line, "the number of a CPU");
    place.base.reset();
    return {};
  }
  cursor.blanks();
  if (cursor.take(".index:")) {
    cursor.blanks();
    if (!cursor.number(place.base.emplace())) return unexpected(line, "the index of a clock base");
  }
  return {};
}

Result<void> read_line(std::string_view line, Place& place, std::vector<SleepTimer>& timers) {
  if (place.due) {
    if (!read_expiry(line, *place.due)) return unexpected(line, "the expiry of the timer before it");
    timers.push_back(*place.due);
    place.due.reset();
    return {};
  }
  uint64_t address = 0;
  if (!is_sleeper(line, address)) return read_place(line, place);
  if (!place.cpu || !place.base) return unexpected(line, "a CPU and a clock base before it");
  place.due = SleepTimer{.cpu = *place.cpu, .clock_base = *place.base, .address = address};
  return {};
}

}  // namespace

Result<TimerList> parse_timer_list(std::string_view text) {
  CR_TRY(check_complete("timer_list", text));
  if (!text.starts_with("Timer List Version:")) {
    return fail(ErrorKind::kSystem, "timer_list line 1: expected the version");
  }
  std::vector<SleepTimer> timers;
  Place place;
  Lines lines(text);
  for (std::string_view line; lines.next(line);) {
    CR_TRY(read_line(line, place, timers), "timer_list line {}", lines.number());
  }
  if (place.due) return fail(ErrorKind::kSystem, "timer_list is cut short: the last timer has no expiry");
  if (!place.now_ns) return fail(ErrorKind::kSystem, "timer_list does not tell the time now");
  return TimerList{*place.now_ns, std::move(timers)};
}

}  // namespace cr::proc
