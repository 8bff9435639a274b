#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "cr/kinds/files/file_kind.h"

namespace cr::kinds {

using exec::Abi;

namespace {
constexpr long kOpenatOf32 = 295;
}  // namespace

bool is_terminal(const FdView& fd) {
  const unsigned number = gnu_dev_major(fd.status.st_rdev);
  return S_ISCHR(fd.status.st_mode) && ((number >= 2 && number <= 5) || (number >= 136 && number <= 143));
}

uint32_t lasting_flags(uint32_t flags) {
  return flags & ~static_cast<uint32_t>(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
}

std::optional<std::string> name_of_file(const FdView& fd) {
  struct stat named;
  if (fd.link.empty() || fd.link.front() != '/') return std::nullopt;
  if (::stat(fd.link.c_str(), &named) < 0) return std::nullopt;
  if (named.st_dev != fd.status.st_dev || named.st_ino != fd.status.st_ino) return std::nullopt;
  return fd.link;
}

exec::Slot plan_open(const std::string& path, const FileDescription& description, PlanBuilder& builder) {
  exec::ListBuilder& store = builder.store();
  const exec::Slot fd = store.fresh_slot();
  const uint32_t flags = lasting_flags(description.flags());
  // The 64-bit call always adds O_LARGEFILE; a description without it was opened by the 32-bit one.
  const bool compat = (flags & kLargefile) == 0;
  store
      .syscall(compat ? Abi::k32 : Abi::k64, compat ? kOpenatOf32 : SYS_openat,
               {AT_FDCWD, store.stash_text(path), flags | O_CLOEXEC | O_NOCTTY})
      .save(fd)
      .because("open {}", path);
  if (description.position() != 0)
    store.syscall(Abi::k64, SYS_lseek, {fd, description.position(), SEEK_SET})
        .expect(static_cast<int64_t>(description.position()))
        .because("seek to {} in {}", description.position(), path);
  return fd;
}

Result<void> validate_path(const std::string& path) {
  if (!absolute_path(path)) return invalid("not an absolute path");
  return {};
}

const std::vector<std::unique_ptr<FileKind>>& file_kinds() {
  static const auto kinds = [] {
    std::vector<std::unique_ptr<FileKind>> list;
    list.push_back(regular_file_kind());
    list.push_back(directory_kind());
    list.push_back(device_kind());
    list.push_back(pipe_kind());
    return list;
  }();
  return kinds;
}

}  // namespace cr::kinds
