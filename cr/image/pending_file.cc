#include "cr/image/pending_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cr/image/hash.h"

namespace cr::image {
namespace {

constexpr mode_t kMode = 0600;     // an image holds memory: keys, passwords
constexpr int kNameAttempts = 16;  // 64 random bits each; a second try is already a curiosity

// Gives an anonymous file a name. AT_EMPTY_PATH needs no /proc, but kernels before 6.10 want
// CAP_DAC_READ_SEARCH for it and say ENOENT without.
int link_anonymous(int fd, int dir, const char* name) {
  if (::linkat(fd, "", dir, name, AT_EMPTY_PATH) == 0) return 0;
  if (errno != ENOENT) return -1;
  const std::string self = fmt::format("/proc/self/fd/{}", fd);
  return ::linkat(AT_FDCWD, self.c_str(), dir, name, AT_SYMLINK_FOLLOW);
}

bool still_linked(int fd) {
  struct stat status;
  return ::fstat(fd, &status) == 0 && status.st_nlink > 0;
}

}  // namespace

PendingFile::PendingFile(PendingFile&& other) noexcept { *this = std::move(other); }

PendingFile& PendingFile::operator=(PendingFile&& other) noexcept {
  if (this == &other) return *this;
  discard();
  dir_ = std::move(other.dir_);
  file_ = std::move(other.file_);
  what_ = std::move(other.what_);
  path_ = std::move(other.path_);
  dir_path_ = std::move(other.dir_path_);
  base_ = std::move(other.base_);
  temporary_name_ = std::exchange(other.temporary_name_, {});
  return *this;
}

Result<PendingFile> PendingFile::create(const std::string& path, Kind preferred, std::string what) {
  PendingFile pending;
  pending.what_ = what;
  pending.path_ = path;
  const size_t slash = path.rfind('/');
  pending.dir_path_ = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  pending.base_ = slash == std::string::npos ? path : path.substr(slash + 1);
  if (pending.base_.empty() || pending.base_ == "." || pending.base_ == "..")
    return fail(ErrorKind::kSystem, "{} {}: the path names a directory; give the name of a file", what, path);
  if (pending.base_.size() > NAME_MAX)  // found now, not after the whole image was written
    return fail(ErrorKind::kSystem, "{} {}: the name has more than {} bytes", what, path, NAME_MAX);
  pending.dir_ = CR_TRY(sys::open(pending.dir_path_, O_RDONLY | O_DIRECTORY), "{} {}", what, path);
  CR_TRY(pending.check_target());
  pending.remove_leftovers();
  const bool anonymous = preferred == Kind::kAnonymous && CR_TRY(pending.try_anonymous());
  if (!anonymous) CR_TRY(pending.open_named());
  return pending;
}

// False: this file system has no anonymous files.
Result<bool> PendingFile::try_anonymous() {
  const int fd = ::openat(dir_.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode);
  if (fd >= 0) {
    file_.reset(fd);
    // Held until the name is final; see remove_leftovers(). No lock, no clean-up of leftovers: never wrong.
    (void)::flock(fd, LOCK_EX | LOCK_NB);
    return true;
  }
  if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) return false;
  return fail_errno("{} {}: create a file in {}", what_, path_, dir_path_);
}

Result<void> PendingFile::open_named() {
  for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
    const std::string name = CR_TRY(new_temporary_name());
    const int fd = ::openat(dir_.get(), name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, kMode);
    if (fd < 0 && errno == EEXIST) continue;
    if (fd < 0) return fail_errno("{} {}: create a file in {}", what_, path_, dir_path_);
    sys::UniqueFd file(fd);
    const bool locked = ::flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    // Between open and lock another writer may have taken this for a leftover and removed it.
    if (!locked || !still_linked(fd)) continue;
    file_ = std::move(file);
    temporary_name_ = name;
    return {};
  }
  return fail(ErrorKind::kSystem, "{} {}: no free temporary name in {}", what_, path_, dir_path_);
}

// A name that is not a regular file must not be renamed over: think of `-o /dev/null`.
Result<void> PendingFile::check_target() const {
  struct stat status;
  if (::fstatat(dir_.get(), base_.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno("{} {}: stat", what_, path_);
  }
  if (S_ISREG(status.st_mode)) return {};
  return fail(ErrorKind::kSystem, "{} {}: exists and is not a regular file; give another name", what_, path_);
}

Result<void> PendingFile::make_executable() const {
  if (::fchmod(file_.get(), kMode | S_IXUSR) != 0) return fail_errno("image {}: fchmod", path_);
  return {};
}

Result<void> PendingFile::publish() {
  if (::fsync(file_.get()) != 0) return fail_errno("{} {}: fsync", what_, path_);
  if (!temporary_name_.empty()) {
    CR_TRY(rename_into_place());
  } else if (link_anonymous(file_.get(), dir_.get(), base_.c_str()) != 0) {
    if (errno != EEXIST) return fail_errno("{} {}: link", what_, path_);
    CR_TRY(link_over_existing());
  }
  if (::fsync(dir_.get()) != 0)
    return fail_errno("{} {}: is complete and published, but fsync of its directory failed", what_, path_);
  return {};
}

// linkat() cannot replace; rename() can, but needs a name to start from.
Result<void> PendingFile::link_over_existing() {
  for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
    const std::string name = CR_TRY(new_temporary_name());
    if (link_anonymous(file_.get(), dir_.get(), name.c_str()) == 0) {
      temporary_name_ = name;
      return rename_into_place();
    }
    if (errno != EEXIST) return fail_errno("{} {}: link a temporary name in {}", what_, path_, dir_path_);
  }
  return fail(ErrorKind::kSystem, "{} {}: no free temporary name in {}", what_, path_, dir_path_);
}

Result<void> PendingFile::rename_into_place() {
  CR_TRY(check_target());
  if (::renameat(dir_.get(), temporary_name_.c_str(), dir_.get(), base_.c_str()) != 0)
    return fail_errno("{} {}: rename into place", what_, path_);
  temporary_name_.clear();
  return {};
}

// The final name goes in as a hash: a name near NAME_MAX leaves no room for additions.
std::string PendingFile::temporary_prefix() const {
  return fmt::format(".cr-{:016x}-", hash_of(std::as_bytes(std::span(base_))));
}

Result<std::string> PendingFile::new_temporary_name() const {
  uint64_t random;
  if (::getrandom(&random, sizeof(random), 0) != sizeof(random)) return fail_errno("getrandom");
  return fmt::format("{}{:016x}.tmp", temporary_prefix(), random);
}

// Removes what killed writers of this name left. A living writer holds a lock on its file from before the
// name exists until it is final, and the kernel drops the lock with the process: a lock that can be had means
// nobody is left who would finish the file. Best effort: what cannot be removed does no harm.
void PendingFile::remove_leftovers() const {
  const auto names = sys::list_dir(dir_path_);
  if (!names) return;
  const std::string prefix = temporary_prefix();
  for (const std::string& name : *names) {
    if (!name.starts_with(prefix)) continue;
    const auto leftover = sys::open_at(dir_.get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (leftover && ::flock(leftover->get(), LOCK_EX | LOCK_NB) == 0) ::unlinkat(dir_.get(), name.c_str(), 0);
  }
}

void PendingFile::discard() {
  if (!temporary_name_.empty()) ::unlinkat(dir_.get(), temporary_name_.c_str(), 0);
  temporary_name_.clear();
  file_.reset();
}

}  // namespace cr::image
