// The file that tells a restored root's pid. Opened before there is a tree, so that a path that cannot be
// written costs nothing; until then an older file of that name keeps its content, and a new one is taken away
// again.
#pragma once

#include <sys/types.h>

#include <string>

#include "cr/base/result.h"
#include "cr/sys/fd.h"

namespace cr::cli {

class PidFile {
 public:
  static Result<PidFile> open(const std::string& path);
  PidFile(PidFile&& other) noexcept;
  PidFile& operator=(PidFile&&) = delete;
  ~PidFile();

  Result<void> write(pid_t pid);

 private:
  PidFile(std::string path, sys::UniqueFd fd, bool ours);

  std::string path_;
  sys::UniqueFd fd_;
  bool ours_;  // made here, and still without a pid
};

}  // namespace cr::cli
