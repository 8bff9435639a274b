#include "cr/proc/stat.h"

#include <array>

#include "cr/proc/text.h"

namespace cr::proc {
namespace {

// Fields are counted as proc(5) counts them: pid is 1, comm 2, state 3, exit_code the last we know.
constexpr size_t kState = 3;
constexpr size_t kLast = 52;

class Fields {
 public:
  explicit Fields(std::string_view text) {
    Cursor cursor(text);
    for (size_t i = kState; i <= kLast; ++i) words_[i] = cursor.word();
  }

  std::string_view word(size_t number) const { return words_[number]; }

  // Remembers the first field that is missing or no such number.
  template <std::integral T>
  void read(size_t number, const char* name, T& out) {
    const auto value = whole_number<T>(words_[number]);
    if (value) {
      out = *value;
    } else if (bad_ == 0) {
      bad_ = number;
      bad_name_ = name;
    }
  }

  Result<void> check() const {
    if (bad_ == 0) return {};
    return fail(ErrorKind::kSystem, "stat: field {} is {}: expected the number {}", bad_,
                quoted(words_[bad_]), bad_name_);
  }

 private:
  std::array<std::string_view, kLast + 1> words_;
  size_t bad_ = 0;
  const char* bad_name_ = "";
};

}  // namespace

Result<Stat> parse_stat(std::string_view text) {
  CR_TRY(check_complete("stat", text));
  if (!text.empty()) text.remove_suffix(1);

  Result<Stat> result;
  Stat& stat = *result;
  Cursor start(text);
  if (!start.number(stat.pid) || !start.take(" (")) return unexpected(text, "stat to start with PID (COMM)");
  // A comm may hold anything, a ") R 1" of its own as well; only numbers follow the real one.
  const size_t close = start.rest().rfind(") ");
  if (close == std::string_view::npos) return unexpected(text, "\") \" after the comm of stat");
  stat.comm = start.rest().substr(0, close);

  Fields fields(start.rest().substr(close + 2));
  if (fields.word(kState).size() != 1) return unexpected(text, "one letter of state in stat");
  stat.state = fields.word(kState).front();
  fields.read(4, "ppid", stat.ppid);
  fields.read(5, "pgrp", stat.pgrp);
  fields.read(6, "session", stat.session);
  fields.read(7, "tty_nr", stat.tty_nr);
  fields.read(8, "tpgid", stat.tpgid);
  fields.read(9, "flags", stat.flags);
  fields.read(18, "priority", stat.priority);
  fields.read(19, "nice", stat.nice);
  fields.read(20, "num_threads", stat.num_threads);
  fields.read(22, "starttime", stat.starttime);
  fields.read(26, "startcode", stat.start_code);
  fields.read(27, "endcode", stat.end_code);
  fields.read(28, "startstack", stat.start_stack);
  fields.read(38, "exit_signal", stat.exit_signal);
  fields.read(39, "processor", stat.processor);
  fields.read(40, "rt_priority", stat.rt_priority);
  fields.read(41, "policy", stat.policy);
  fields.read(45, "start_data", stat.start_data);
  fields.read(46, "end_data", stat.end_data);
  fields.read(47, "start_brk", stat.start_brk);
  fields.read(48, "arg_start", stat.arg_start);
  fields.read(49, "arg_end", stat.arg_end);
  fields.read(50, "env_start", stat.env_start);
  fields.read(51, "env_end", stat.env_end);
  fields.read(52, "exit_code", stat.exit_code);
  CR_TRY(fields.check());
  return result;
}

}  // namespace cr::proc
