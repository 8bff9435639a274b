#include "cr/proc/timers.h"

#include <csignal>

#include "cr/proc/text.h"

namespace cr::proc {
namespace {

bool read_notify(Cursor& cursor, PosixTimer& timer) {
  if (cursor.take("signal/")) {
    timer.notify = SIGEV_SIGNAL;
  } else if (cursor.take("none/")) {
    timer.notify = SIGEV_NONE;
  } else if (cursor.take("thread/")) {
    timer.notify = SIGEV_THREAD;
  } else {
    return false;
  }
  timer.to_thread = cursor.take("tid.");
  return (timer.to_thread || cursor.take("pid.")) && cursor.number(timer.target) && cursor.at_end();
}

bool read_signal(Cursor& cursor, PosixTimer& timer) {
  return cursor.number(timer.signal) && cursor.take('/') && cursor.number(timer.sigval, 16) &&
         cursor.at_end();
}

// The lines of one timer, as bits.
enum : unsigned { kId = 1, kSignal = 2, kNotify = 4, kClock = 8, kAll = 15 };

Result<void> read_line(std::string_view line, PosixTimer& timer, unsigned& seen) {
  Cursor cursor(line);
  if (cursor.take("ID: ")) {
    if (!cursor.number(timer.id) || !cursor.at_end()) return unexpected(line, "a decimal timer id");
    seen |= kId;
  } else if (cursor.take("signal: ")) {
    if (!read_signal(cursor, timer)) return unexpected(line, "SIGNO/VALUE");
    seen |= kSignal;
  } else if (cursor.take("notify: ")) {
    if (!read_notify(cursor, timer)) return unexpected(line, "signal, none or thread, then /pid.N or /tid.N");
    seen |= kNotify;
  } else if (cursor.take("ClockID: ")) {
    if (!cursor.number(timer.clock_id) || !cursor.at_end()) return unexpected(line, "a decimal clock id");
    seen |= kClock;
  }
  return {};
}

Result<void> check_timer(const std::vector<PosixTimer>& timers, unsigned seen) {
  if (timers.empty() || seen == kAll) return {};
  return fail(ErrorKind::kSystem, "timers: timer {}: expected lines signal, notify and ClockID",
              timers.back().id);
}

}  // namespace

Result<std::vector<PosixTimer>> parse_timers(std::string_view text) {
  CR_TRY(check_complete("timers", text));
  std::vector<PosixTimer> timers;
  unsigned seen = 0;
  Lines lines(text);
  for (std::string_view line; lines.next(line);) {
    if (line.starts_with("ID:")) {
      CR_TRY(check_timer(timers, seen));
      timers.emplace_back();
      seen = 0;
    } else if (timers.empty()) {
      return fail(ErrorKind::kSystem, "timers line {}: {}: expected ID", lines.number(), quoted(line));
    }
    CR_TRY(read_line(line, timers.back(), seen), "timers line {}", lines.number());
  }
  CR_TRY(check_timer(timers, seen));
  return timers;
}

}  // namespace cr::proc
