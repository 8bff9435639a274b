// Standard input and output as the way of an image ("-" in place of a file).
#pragma once

#include "cr/base/result.h"
#include "cr/sys/fd.h"

namespace cr::cli {

// From then on what is said goes to standard error: the image alone is on standard output. A terminal is
// refused.
Result<sys::UniqueFd> take_stdout();

// From then on standard input is empty, also for a tree that inherits it.
Result<sys::UniqueFd> take_stdin();

}  // namespace cr::cli
