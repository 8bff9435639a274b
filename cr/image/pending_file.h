// A file that nobody sees until it is complete: anonymous while it is written, then given its name at once.
#pragma once

#include <string>
#include <utility>

#include "cr/base/result.h"
#include "cr/sys/fd.h"

namespace cr::image {

class PendingFile {
 public:
  // kNamed is what a file system without O_TMPFILE (NFS, FUSE, overlay on old kernels) gets by itself; tests
  // ask for it to walk that way anywhere.
  enum class Kind { kAnonymous, kNamed };
  // `what` it will be, for messages.
  static Result<PendingFile> create(const std::string& path, Kind preferred = Kind::kAnonymous,
                                    std::string what = "image");

  PendingFile(PendingFile&& other) noexcept;
  PendingFile& operator=(PendingFile&& other) noexcept;
  ~PendingFile() { discard(); }

  int fd() const { return file_.get(); }
  const std::string& path() const { return path_; }

  // For its owner. Requires: not yet published.
  Result<void> make_executable() const;

  // fsync, name, fsync of the directory. A regular file that has the name is replaced; readers see one or the
  // other.
  Result<void> publish();

 private:
  PendingFile() = default;
  Result<bool> try_anonymous();
  Result<void> open_named();
  Result<void> check_target() const;
  Result<void> link_over_existing();
  Result<void> rename_into_place();
  std::string temporary_prefix() const;
  Result<std::string> new_temporary_name() const;
  void remove_leftovers() const;
  void discard();

  sys::UniqueFd dir_;
  sys::UniqueFd file_;
  std::string what_;
  std::string path_;  // as the caller wrote it, for messages
  std::string dir_path_;
  std::string base_;            // the final name within dir_
  std::string temporary_name_;  // within dir_; empty while the file is anonymous or published
};

}  // namespace cr::image
