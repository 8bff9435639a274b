// Regular files and directories that have a name.
#include <sys/stat.h>

#include "cr/kinds/files/file_kind.h"

namespace cr::kinds {
namespace {

int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1000000000 + time.tv_nsec; }

class RegularFileKind : public FileKind {
 public:
  bool claims(const FdView& fd) const override { return S_ISREG(fd.status.st_mode); }
  bool owns(const FileDescription& description) const override { return description.has_regular(); }

  Result<void> describe(const FdView& fd, FileDescription& out, Collector& collector) const override {
    const auto name = name_of_file(fd);
    if (!name)
      return FileRefusals(fd, collector)
          .refuse("deleted-file", "has no name any more, or its name leads to another file");
    RegularFile& file = *out.mutable_regular();
    file.set_path(*name);
    file.set_size(static_cast<uint64_t>(fd.status.st_size));
    file.set_mtime_ns(nanoseconds(fd.status.st_mtim));
    file.set_mode(fd.status.st_mode);
    return {};
  }

  uint32_t flags(const FileDescription&) const override { return kLastingFlags | O_DIRECT; }
  Result<void> validate(const FileDescription& description, const Records&) const override {
    if (!S_ISREG(description.regular().mode()))
      return invalid("mode {:o} is no regular file's", description.regular().mode());
    return validate_path(description.regular().path());
  }

  exec::Slot plan(const FileDescription& description, const Records&, PlanBuilder& builder) const override {
    const RegularFile& file = description.regular();
    builder.expect_file({file.path(), file.mode(), file.size(), file.mtime_ns()});
    return plan_open(file.path(), description, builder);
  }
};

class DirectoryKind : public FileKind {
 public:
  bool claims(const FdView& fd) const override { return S_ISDIR(fd.status.st_mode); }
  bool owns(const FileDescription& description) const override { return description.has_directory(); }

  Result<void> describe(const FdView& fd, FileDescription& out, Collector& collector) const override {
    const auto name = name_of_file(fd);
    if (!name)
      return FileRefusals(fd, collector).refuse("deleted-directory", "is a directory without a name");
    out.mutable_directory()->set_path(*name);
    return {};
  }

  // Nobody can write to one.
  uint32_t flags(const FileDescription&) const override {
    return (kLastingFlags & ~static_cast<uint32_t>(O_ACCMODE)) | O_DIRECTORY;
  }
  Result<void> validate(const FileDescription& description, const Records&) const override {
    return validate_path(description.directory().path());
  }

  exec::Slot plan(const FileDescription& description, const Records&, PlanBuilder& builder) const override {
    builder.expect_file({.path = description.directory().path(), .mode = S_IFDIR});
    return plan_open(description.directory().path(), description, builder);
  }
};

}  // namespace

std::unique_ptr<FileKind> regular_file_kind() { return std::make_unique<RegularFileKind>(); }
std::unique_ptr<FileKind> directory_kind() { return std::make_unique<DirectoryKind>(); }

}  // namespace cr::kinds
