#include "cr/proc/text.h"

namespace cr::proc {
namespace {

constexpr size_t kLongestQuote = 160;

bool is_octal(char c) { return c >= '0' && c <= '7'; }

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view Cursor::word() {
  blanks();
  size_t length = 0;
  while (length < rest_.size() && !is_blank(rest_[length])) ++length;
  const std::string_view found = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return found;
}

Result<void> check_complete(std::string_view file, std::string_view text) {
  if (text.empty() || text.back() == '\n') return {};
  const size_t last = text.rfind('\n');
  const std::string_view tail = last == std::string_view::npos ? text : text.substr(last + 1);
  return fail(ErrorKind::kSystem, "{} is cut short: no newline after {}", file, quoted(tail));
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kLongestQuote)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += text.size() > kLongestQuote ? "\"..." : "\"";
  return out;
}

Failure unexpected(std::string_view line, std::string_view expected) {
  return fail(ErrorKind::kSystem, "{}: expected {}", quoted(line), expected);
}

std::string unescape_octal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    // Three digits below \400 are one byte; anything else is a backslash that nobody escaped.
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '3' &&
        is_octal(text[i + 2]) && is_octal(text[i + 3])) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace cr::proc
