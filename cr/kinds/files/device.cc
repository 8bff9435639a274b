// Character devices without state of their own: null, zero, full, random, urandom.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cr/kinds/files/file_kind.h"

namespace cr::kinds {
namespace {

// Minors of the memory devices, major 1 (Documentation/admin-guide/devices.txt).
bool stateless(dev_t device) {
  if (major(device) != 1) return false;
  switch (minor(device)) {
    case 3:  // null
    case 5:  // zero
    case 7:  // full
    case 8:  // random
    case 9:  // urandom
      return true;
    default:
      return false;
  }
}

class DeviceKind : public FileKind {
 public:
  bool claims(const FdView& fd) const override { return S_ISCHR(fd.status.st_mode); }
  bool owns(const FileDescription& description) const override { return description.has_device(); }

  Result<void> describe(const FdView& fd, FileDescription& out, Collector& collector) const override {
    FileRefusals refusals(fd, collector);
    if (is_terminal(fd)) return refusals.refuse("tty", "is a terminal");
    if (!stateless(fd.status.st_rdev))
      return refusals.refuse(
          "device", fmt::format("is the device {}:{}", major(fd.status.st_rdev), minor(fd.status.st_rdev)));
    const auto name = name_of_file(fd);
    if (!name) return refusals.refuse("deleted-file", "is a device whose node has no name any more");
    out.mutable_device()->set_path(*name);
    out.mutable_device()->set_device(fd.status.st_rdev);
    return {};
  }

  uint32_t flags(const FileDescription&) const override { return kLastingFlags; }
  Result<void> validate(const FileDescription& description, const Records&) const override {
    if (!stateless(description.device().device()))
      return invalid("device {:#x}", description.device().device());
    return validate_path(description.device().path());
  }

  exec::Slot plan(const FileDescription& description, const Records&, PlanBuilder& builder) const override {
    FileDescription opened = description;
    opened.set_position(0);  // these devices keep none that matters, and some refuse to seek
    const CharacterDevice& device = description.device();
    builder.expect_file({.path = device.path(), .mode = S_IFCHR, .rdev = device.device()});
    return plan_open(device.path(), opened, builder);
  }
};

}  // namespace

std::unique_ptr<FileKind> device_kind() { return std::make_unique<DeviceKind>(); }

}  // namespace cr::kinds
