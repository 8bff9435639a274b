#include "cr/cli/output.h"

#include <unistd.h>

#include <cstdio>

namespace cr::cli {

Output::Output(bool json, bool verbose)
    : json_(json), verbose_(verbose), terminal_(::isatty(STDERR_FILENO) == 1) {}

Output::~Output() { wipe(); }

void Output::wipe() const {
  if (shown_) fmt::print(stderr, "\r\033[K");
  shown_ = false;
}

void Output::result(const nlohmann::json& object, const std::string& line) const {
  wipe();
  fmt::print("{}\n", json_ ? object.dump() : line);
  std::fflush(stdout);
}

void Output::text(const std::string& text) const {
  wipe();
  fmt::print("{}", text);
  std::fflush(stdout);
}

void Output::error(const Error& error) const {
  wipe();
  if (!json_) {
    fmt::print(stderr, "cr: {}\n", error.message());
    return;
  }
  nlohmann::json blockers = nlohmann::json::array();
  for (const Blocker& blocker : error.blockers())
    blockers.push_back(
        {{"pid", blocker.pid}, {"kind", blocker.kind}, {"where", blocker.where}, {"reason", blocker.reason}});
  const nlohmann::json object = {
      {"error", {{"kind", name_of(error.kind())}, {"message", error.message()}, {"blockers", blockers}}}};
  // A path may be no UTF-8; the message must come through all the same.
  fmt::print("{}\n", object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void Output::progress(const std::string& step) const {
  if (verbose_) {
    fmt::print(stderr, "cr: {}\n", step);
  } else if (terminal_ && !json_) {
    fmt::print(stderr, "\r\033[K{} ...", step);
    shown_ = true;
  }
}

}  // namespace cr::cli
