// Images as programs: binfmt_misc of the kernel runs an engine for every file that begins like an image.
#pragma once

#include <string>
#include <vector>

#include "cr/base/result.h"
#include "cr/proc/binfmt.h"

namespace cr::engine {

// O: the kernel hands the engine a descriptor of the image (AT_EXECFD), by which it knows, whatever it is
// called, that it was not started by hand. F: the engine is opened now, so it is found in containers and
// changed roots too. Not C: an image with a set-user-id bit must give nobody its owner's rights. Not P: what
// the image was called as is of no use.
constexpr char kBinfmtFlags[] = "OF";

struct NamedBinfmt {
  std::string name;
  proc::BinfmtEntry entry;
};

struct BinfmtStatus {
  enum class Kernel { kAbsent, kModule, kPresent };  // kModule: mounting would load it
  Kernel kernel = Kernel::kAbsent;
  bool mounted = false;
  bool enabled = false;              // the mechanism as a whole
  std::vector<NamedBinfmt> entries;  // only those that images match
};
Result<BinfmtStatus> binfmt_status();

struct BinfmtInstalled {
  std::string interpreter;
  bool mounted_now = false;  // the file system was not there before
  bool replaced = false;     // an older registration of this name
};
// Registers the running program. Conflict if the name is taken for files that are no images.
Result<BinfmtInstalled> install_binfmt(const std::string& name);

// False: there was none.
Result<bool> remove_binfmt(const std::string& name);

// What is written to binfmt_misc/register.
Result<std::string> binfmt_registration(std::string_view name, std::string_view magic,
                                        std::string_view interpreter);

}  // namespace cr::engine
