// The checkpoint engines under measurement: what to call for a dump and a restore, and how big their image
// is.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace bench {

using Argv = std::vector<std::string>;

enum class After { kEnd, kKeepRunning };

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string name() const = 0;
  virtual Argv dump(pid_t root, const std::filesystem::path& dir, After after) const = 0;
  // Returns once the tasks are started and leaves them to the next reaper.
  virtual Argv restore(const std::filesystem::path& dir) const = 0;
};

// "cr=PATH" or "criu=PATH [ARGUMENT...]"; throws std::invalid_argument for anything else.
std::unique_ptr<Engine> make_engine(const std::string& spec);

// Bytes that the image takes on its disk, which for a file with holes is less than its length.
uint64_t image_bytes(const std::filesystem::path& dir);

}  // namespace bench
