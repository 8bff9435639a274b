// What is asked for on the command line.
#pragma once

#include <sys/types.h>

#include <string>
#include <variant>
#include <vector>

#include "cr/cli/binfmt.h"

namespace cr::cli {

enum class Command {
  kDump,
  kRestore,
  kCheck,
  kVerify,
  kShow,
  kPlan,
  kCore,
  kDiff,
  kBinfmtInstall,
  kBinfmtRemove,
  kBinfmtStatus,
};

// An image's name that means standard input or output.
inline constexpr char kStandardStream[] = "-";

// Each command looks at its own.
struct Arguments {
  Command command = Command::kCheck;
  bool json = false;
  bool verbose = false;
  pid_t pid = 0;
  std::string file;
  std::string other;  // of two images
  std::vector<std::string> parents;
  std::string pidfile;
  std::string directory;
  bool all = false;
  std::string name = kBinfmtName;
  bool leave_running = false;
  bool executable = false;
  bool detach = false;
  int compression = 0;
  double deadline_s = 0;
};

// Help, or what is wrong.
struct Reply {
  int status = 0;
  std::string out, err;
};

// Touches nothing.
std::variant<Arguments, Reply> parse(int argc, char** argv);

}  // namespace cr::cli
