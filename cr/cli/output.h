// What a command says, and to whom: a line for people, one JSON object for programs, progress for a terminal.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cr/base/result.h"

namespace cr::cli {

// {"error": {"kind", "message", "blockers"}} and a newline.
std::string error_line(const Error& error);

class Output {
 public:
  Output(bool json, bool verbose);
  ~Output();

  bool json() const { return json_; }
  // Either the object or the line, on standard output.
  Result<void> result(const nlohmann::json& object, const std::string& line) const;
  Result<void> text(const std::string& text) const;
  // error_line() on standard output, or the message on standard error. If that
  // cannot be written nobody is left to tell.
  void error(const Error& error) const;
  // A line that replaces itself on a terminal; plain lines with --verbose.
  void progress(const std::string& step) const;

 private:
  void wipe() const;

  bool json_;
  bool verbose_;
  bool terminal_;
  mutable bool shown_ = false;
};

}  // namespace cr::cli
