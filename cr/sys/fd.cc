#include "cr/sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <memory>

namespace cr::sys {

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Result<UniqueFd> open_at(int dir_fd, const std::string& path, int flags, mode_t mode) {
  const int fd = ::openat(dir_fd, path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return fail_errno("open {}", path);
  return UniqueFd(fd);
}

Result<std::string> read_all(int fd) {
  std::string text;
  std::array<char, 16384> chunk;
  for (;;) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("read");
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<size_t>(got));
  }
}

Result<std::string> read_file(const std::string& path) {
  const UniqueFd fd = CR_TRY(open(path, O_RDONLY));
  return CR_TRY(read_all(fd.get()), "{}", path);
}

Result<std::string> read_link(const std::string& path) {
  std::string target(256, '\0');
  for (;;) {
    const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
    if (length < 0) return fail_errno("readlink {}", path);
    if (static_cast<size_t>(length) < target.size()) {
      target.resize(static_cast<size_t>(length));
      return target;
    }
    target.resize(target.size() * 2);
  }
}

Result<void> read_fully(int fd, std::span<std::byte> into) {
  const size_t wanted = into.size();
  while (!into.empty()) {
    const ssize_t got = ::read(fd, into.data(), into.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("read");
    if (got == 0)
      return fail(ErrorKind::kSystem, "end of file after {} of {} bytes", wanted - into.size(), wanted);
    into = into.subspan(static_cast<size_t>(got));
  }
  return {};
}

Result<void> write_fully(int fd, std::span<const std::byte> from) {
  while (!from.empty()) {
    const ssize_t put = ::write(fd, from.data(), from.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno("write");
    from = from.subspan(static_cast<size_t>(put));
  }
  return {};
}

Result<void> pread_fully(int fd, std::span<std::byte> into, uint64_t offset) {
  while (!into.empty()) {
    const ssize_t got = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("pread at {}", offset);
    if (got == 0) return fail(ErrorKind::kSystem, "end of file at {}, {} bytes missing", offset, into.size());
    into = into.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return {};
}

Result<std::vector<std::string>> list_dir(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), &::closedir);
  if (!dir) return fail_errno("opendir {}", path);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return fail_errno("readdir {}", path);
  return names;
}

}  // namespace cr::sys
