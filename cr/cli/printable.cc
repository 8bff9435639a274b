#include "cr/cli/printable.h"

#include <fmt/format.h>

namespace cr::cli {
namespace {

// C0, DEL, and both bytes of what a terminal that reads UTF-8 takes for C1.
bool is_control(std::string_view text, size_t at) {
  const auto byte = [text](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  const auto is_c1 = [byte](size_t i) {
    return byte(i) == 0xc2 && byte(i + 1) >= 0x80 && byte(i + 1) < 0xa0;
  };
  return byte(at) < 0x20 || byte(at) == 0x7f || is_c1(at) || (at > 0 && is_c1(at - 1));
}

std::string escaped(std::string_view text, std::string_view more, std::string_view except) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const bool wanted = more.find(c) != std::string_view::npos ||
                        (is_control(text, at) && except.find(c) == std::string_view::npos);
    if (wanted)
      out += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string printable(std::string_view name) { return escaped(name, "\\", ""); }

std::string printable_lines(std::string_view text) { return escaped(text, "", "\n"); }

}  // namespace cr::cli
