// What the parsers of this folder share: lines, a cursor over one line, numbers that must be whole.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "cr/base/result.h"

namespace cr::proc {

inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
std::string_view trim(std::string_view text);

// The whole text as a number: no sign of an unsigned one, no blanks, no prefix, no overflow.
template <std::integral T>
std::optional<T> whole_number(std::string_view text, int base = 10) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

// Walks a line from left to right. Each step says whether the text was as asked; it moves on only then.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}

  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  template <std::integral T>
  bool number(T& out, int base = 10) {
    const char* const end = rest_.data() + rest_.size();
    const auto [stop, error] = std::from_chars(rest_.data(), end, out, base);
    if (error != std::errc()) return false;
    rest_.remove_prefix(static_cast<size_t>(stop - rest_.data()));
    return true;
  }
  void blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  // Up to the next blank or the end, after blanks; empty at the end.
  std::string_view word();

 private:
  std::string_view rest_;
};

// The lines of a text, without their newlines.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const void* newline = std::memchr(rest_.data(), '\n', rest_.size());
    const size_t length =
        newline ? static_cast<size_t>(static_cast<const char*>(newline) - rest_.data()) : rest_.size();
    line = rest_.substr(0, length);
    rest_.remove_prefix(newline ? length + 1 : length);
    ++number_;
    return true;
  }
  size_t number() const { return number_; }  // of the line next() gave, from 1

 private:
  std::string_view rest_;
  size_t number_ = 0;
};

// The kernel ends every line with a newline, so a text that ends otherwise was cut: what looks like its last
// field may be half of one.
Result<void> check_complete(std::string_view file, std::string_view text);

// The text for words: quoted, clipped, control characters as \xNN.
std::string quoted(std::string_view text);

// "maps line 3: "7f..": expected PERMS"; the line number comes as context from who counts lines.
Failure unexpected(std::string_view line, std::string_view expected);

// A file that is one number and the end of its line.
template <std::integral T>
Result<T> parse_number(std::string_view file, std::string_view text, int base = 10) {
  CR_TRY(check_complete(file, text));
  Cursor cursor(text);
  T value{};
  if (!cursor.number(value, base) || !cursor.take('\n') || !cursor.at_end())
    return unexpected(text, fmt::format("{} to be one number of base {}", file, base));
  return value;
}

// "\040" becomes a blank, and so on for any three octal digits; other backslashes stay.
std::string unescape_octal(std::string_view text);

}  // namespace cr::proc
