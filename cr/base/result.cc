#include "cr/base/result.h"

#include <cstdio>
#include <cstdlib>

namespace cr {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kSystem:
    case ErrorKind::kInternal:
      return 1;
    case ErrorKind::kUsage:
      return 2;
    case ErrorKind::kUnsupported:
      return 3;
    case ErrorKind::kInvalidImage:
      return 4;
    case ErrorKind::kConflict:
      return 5;
    case ErrorKind::kDeadline:
      return 6;
  }
  return 1;
}

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kSystem:
      return "system";
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kUnsupported:
      return "unsupported";
    case ErrorKind::kInvalidImage:
      return "invalid-image";
    case ErrorKind::kConflict:
      return "conflict";
    case ErrorKind::kDeadline:
      return "deadline";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "internal";
}

Error Error::system(int error_number, std::string what) {
  Error error(ErrorKind::kSystem, fmt::format("{}: {}", what, std::strerror(error_number)));
  error.error_number_ = error_number;
  return error;
}

Error Error::unsupported(std::vector<Blocker> blockers) {
  std::string text = fmt::format("{} blocker{}", blockers.size(), blockers.size() == 1 ? "" : "s");
  for (const Blocker& blocker : blockers)
    text += fmt::format("\n  pid {} {} ({}): {}", blocker.pid, blocker.where, blocker.kind, blocker.reason);
  Error error(ErrorKind::kUnsupported, std::move(text));
  error.blockers_ = std::move(blockers);
  return error;
}

std::string Error::message() const {
  std::string text;
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) text += *frame + ": ";
  return text + message_;
}

namespace detail {
void broken_invariant(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "cr: %s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}
}  // namespace detail

}  // namespace cr
