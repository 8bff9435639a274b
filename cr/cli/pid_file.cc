#include "cr/cli/pid_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <utility>

namespace cr::cli {

PidFile::PidFile(std::string path, sys::UniqueFd fd, bool ours)
    : path_(std::move(path)), fd_(std::move(fd)), ours_(ours) {}

PidFile::PidFile(PidFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::move(other.fd_)), ours_(std::exchange(other.ours_, false)) {}

PidFile::~PidFile() {
  if (ours_) ::unlink(path_.c_str());
}

Result<PidFile> PidFile::open(const std::string& path) {
  constexpr mode_t kEveryoneReads = 0644;
  Result<sys::UniqueFd> made = sys::open(path, O_WRONLY | O_CREAT | O_EXCL, kEveryoneReads);
  if (made) return PidFile(path, std::move(*made), true);
  return PidFile(path, CR_TRY(sys::open(path, O_WRONLY | O_CREAT, kEveryoneReads), "--pidfile"), false);
}

Result<void> PidFile::write(pid_t pid) {
  const std::string text = fmt::format("{}\n", pid);
  ours_ = false;
  // Not every kind of file can be cut; a FIFO need not be.
  if (::ftruncate(fd_.get(), 0) < 0 && errno != EINVAL) return fail_errno("ftruncate");
  return sys::write_fully(fd_.get(), std::as_bytes(std::span(text)));
}

}  // namespace cr::cli
