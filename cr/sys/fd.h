// Owners of file descriptors, and the few calls on them that everybody needs. O_CLOEXEC always.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cr/base/result.h"

namespace cr::sys {

class [[nodiscard]] UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

// open(2) relative to dir_fd (AT_FDCWD for the working directory); O_CLOEXEC is added.
Result<UniqueFd> open_at(int dir_fd, const std::string& path, int flags, mode_t mode = 0);
inline Result<UniqueFd> open(const std::string& path, int flags, mode_t mode = 0) {
  return open_at(-100 /* AT_FDCWD */, path, flags, mode);
}

// Reads to the end; for /proc files and other small things.
Result<std::string> read_all(int fd);
Result<std::string> read_file(const std::string& path);
Result<std::string> read_link(const std::string& path);

// All bytes or an error; a short read is an error that says how much was there.
Result<void> read_fully(int fd, std::span<std::byte> into);
Result<void> write_fully(int fd, std::span<const std::byte> from);
Result<void> pread_fully(int fd, std::span<std::byte> into, uint64_t offset);

// Names in a directory, without . and .., in the kernel's order.
Result<std::vector<std::string>> list_dir(const std::string& path);

}  // namespace cr::sys
