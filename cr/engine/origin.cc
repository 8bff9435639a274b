#include "cr/engine/origin.h"

#include <sys/utsname.h>

#include "cr/proc/status.h"
#include "cr/sys/fd.h"

namespace cr::engine {
namespace {

constexpr char kVersion[] = "0.1.0";

uint64_t xcr0() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

}  // namespace

Result<kinds::Origin> origin_here(pid_t root) {
  const proc::Status status =
      CR_TRY(proc::parse_status(CR_TRY(sys::read_file("/proc/self/status"))), "/proc/self/status");
  utsname names{};
  if (::uname(&names) < 0) return fail_errno("uname");
  kinds::Origin origin;
  origin.set_engine_version(kVersion);
  origin.set_kernel_release(names.release);
  origin.set_machine(names.machine);
  origin.set_root(root);
  origin.set_uid(status.uid.effective);
  origin.set_gid(status.gid.effective);
  origin.set_capabilities(status.cap_effective);
  origin.set_xfeatures(xcr0());
  return origin;
}

Result<void> check_origin(const kinds::Origin& origin) {
  const kinds::Origin here = CR_TRY(origin_here(origin.root()));
  if (origin.uid() != here.uid() || origin.gid() != here.gid())
    return fail(ErrorKind::kConflict, "the tree ran as user {} group {}, this command runs as {} and {}",
                origin.uid(), origin.gid(), here.uid(), here.gid());
  if ((origin.capabilities() & ~here.capabilities()) != 0)
    return fail(ErrorKind::kConflict, "the tree had capabilities {:#x}, this command has only {:#x}",
                origin.capabilities(), here.capabilities());
  if ((origin.xfeatures() & ~here.xfeatures()) != 0)
    return fail(ErrorKind::kConflict,
                "this CPU lacks the XSAVE components {:#x} of the machine the image was taken on",
                origin.xfeatures() & ~here.xfeatures());
  return {};
}

}  // namespace cr::engine
