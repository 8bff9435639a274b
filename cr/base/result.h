// Result<T>: a value or an Error that says what we were doing, to what, and why it failed.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace cr {

// Decides the exit code; see exit_code().
enum class ErrorKind {
  kSystem,        // a system call failed, a file is missing, memory ran out
  kUsage,         // the command line makes no sense
  kUnsupported,   // state that cannot be carried; found before anything is written or stopped for good
  kInvalidImage,  // the image is torn, forged or from another world
  kConflict,      // the place to restore to is taken or has changed
  kDeadline,      // the operation's time is up
  kInternal,      // an invariant of ours is broken
};

// The exit status documented in --help: 1 to 6.
int exit_code(ErrorKind kind);
std::string_view name_of(ErrorKind kind);

// One thing that keeps a task from being checkpointed.
struct Blocker {
  int pid = 0;         // the task (or thread) that holds it
  std::string kind;    // short stable word: "eventfd", "file-lock", ...
  std::string where;   // "fd 7", "7f12..-7f13..", "thread 12"
  std::string reason;  // what it is and what to do about it
};

class [[nodiscard]] Error {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  // A failed system call: "open /x: No such file or directory".
  static Error system(int error_number, std::string what);
  static Error unsupported(std::vector<Blocker> blockers);

  ErrorKind kind() const { return kind_; }
  int error_number() const { return error_number_; }
  const std::vector<Blocker>& blockers() const { return blockers_; }

  // Outermost context first: "pid 812: fd 7 (eventfd): fdinfo lacks eventfd-count".
  std::string message() const;

  Error&& within(std::string context) && {
    frames_.push_back(std::move(context));
    return std::move(*this);
  }

 private:
  ErrorKind kind_;
  std::string message_;
  int error_number_ = 0;
  std::vector<std::string> frames_;  // innermost first
  std::vector<Blocker> blockers_;
};

template <typename T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

template <typename... Args>
Failure fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return Failure(Error(kind, fmt::format(format, std::forward<Args>(args)...)));
}

// For a call that just left its reason in errno.
template <typename... Args>
Failure fail_errno(fmt::format_string<Args...> format, Args&&... args) {
  const int saved = errno;
  return Failure(Error::system(saved, fmt::format(format, std::forward<Args>(args)...)));
}

namespace detail {
template <typename T>
T take(Result<T>&& result) {
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}
inline Error with_context(Error&& error) { return std::move(error); }
template <typename... Args>
Error with_context(Error&& error, fmt::format_string<Args...> format, Args&&... args) {
  return std::move(error).within(fmt::format(format, std::forward<Args>(args)...));
}
[[noreturn]] void broken_invariant(const char* file, int line, const char* condition);
}  // namespace detail

// The value of a Result, or return its error from the enclosing function, with optional context.
#define CR_TRY(expression, ...)                                                                 \
  __extension__({                                                                               \
    auto cr_result = (expression);                                                              \
    if (!cr_result)                                                                             \
      return ::cr::Failure(                                                                     \
          ::cr::detail::with_context(std::move(cr_result).error() __VA_OPT__(, ) __VA_ARGS__)); \
    ::cr::detail::take(std::move(cr_result));                                                   \
  })

// An invariant of our own, checked in release builds too.
#define CR_CHECK(condition) \
  ((condition) ? void() : ::cr::detail::broken_invariant(__FILE__, __LINE__, #condition))

}  // namespace cr
