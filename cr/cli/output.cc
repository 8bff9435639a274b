#include "cr/cli/output.h"

#include <unistd.h>

#include <cstdio>

#include "cr/cli/printable.h"

namespace cr::cli {
namespace {

// A path may be no UTF-8; what is to be said must come through all the same.
std::string to_line(const nlohmann::json& object) {
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string error_line(const Error& error) {
  nlohmann::json blockers = nlohmann::json::array();
  for (const Blocker& blocker : error.blockers())
    blockers.push_back(
        {{"pid", blocker.pid}, {"kind", blocker.kind}, {"where", blocker.where}, {"reason", blocker.reason}});
  const nlohmann::json object = {
      {"error", {{"kind", name_of(error.kind())}, {"message", error.message()}, {"blockers", blockers}}}};
  return to_line(object) + "\n";
}

Output::Output(bool json, bool verbose)
    : json_(json), verbose_(verbose), terminal_(::isatty(STDERR_FILENO) == 1) {}

Output::~Output() { wipe(); }

void Output::wipe() const {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

Result<void> Output::result(const nlohmann::json& object, const std::string& line) const {
  return text((json_ ? to_line(object) : line) + "\n");
}

Result<void> Output::text(const std::string& text) const {
  wipe();
  const std::string shown = json_ ? text : printable_lines(text);
  // Not fmt::print(), which throws when the reader of a pipe has gone or a disk is full.
  if (std::fwrite(shown.data(), 1, shown.size(), stdout) != shown.size() || std::fflush(stdout) != 0)
    return fail_errno("standard output");
  return {};
}

void Output::error(const Error& error) const {
  wipe();
  if (!json_) {
    std::fputs(printable_lines(fmt::format("cr: {}\n", error.message())).c_str(), stderr);
    return;
  }
  (void)text(error_line(error));
}

void Output::progress(const std::string& step) const {
  // It may name a file that an image wants.
  const std::string shown = printable(step);
  if (verbose_) {
    std::fputs(fmt::format("cr: {}\n", shown).c_str(), stderr);
  } else if (terminal_ && !json_) {
    std::fputs(fmt::format("\r\033[K{} ...", shown).c_str(), stderr);
    shown_ = true;
  }
}

}  // namespace cr::cli
