#include "cr/cli/streams.h"

#include <fcntl.h>
#include <unistd.h>

namespace cr::cli {
namespace {

constexpr int kAboveStandard = 3;

Result<sys::UniqueFd> take(int number, int replacement) {
  if (::isatty(number) == 1)
    return fail(ErrorKind::kUsage, "an image is nothing for a terminal; give a file, or a pipe for -");
  sys::UniqueFd taken(::fcntl(number, F_DUPFD_CLOEXEC, kAboveStandard));
  if (!taken.valid()) return fail_errno("descriptor {}", number);
  if (::dup2(replacement, number) < 0) return fail_errno("descriptor {}", number);
  return taken;
}

}  // namespace

Result<sys::UniqueFd> take_stdout() { return take(STDOUT_FILENO, STDERR_FILENO); }

Result<sys::UniqueFd> take_stdin() {
  const sys::UniqueFd nothing = CR_TRY(sys::open("/dev/null", O_RDWR));
  return take(STDIN_FILENO, nothing.get());
}

}  // namespace cr::cli
