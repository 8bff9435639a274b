#include "cr/engine/origin.h"

#include <fmt/ranges.h>
#include <sys/utsname.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "cr/engine/surroundings.h"
#include "cr/proc/status.h"
#include "cr/sys/cpu.h"
#include "cr/sys/fd.h"

namespace cr::engine {
namespace {

constexpr char kEngine[] = "cr";
constexpr char kVersion[] = "0.1.0";

Result<void> check_cpu(const kinds::Origin& origin, const kinds::Origin& here) {
  const auto& needed = origin.cpu_features();
  const auto& present = here.cpu_features();  // sorted
  std::vector<std::string> missing;
  std::ranges::copy_if(needed, std::back_inserter(missing), [&](const std::string& feature) {
    return !std::ranges::binary_search(present, feature);
  });
  if (!missing.empty())
    return fail(
        ErrorKind::kConflict,
        "this CPU lacks {}, which the programs may have come to use where the image was taken; restore on a "
        "machine that has it",
        fmt::join(missing, " "));
  if (const uint64_t components = origin.xfeatures() & ~here.xfeatures(); components != 0)
    return fail(ErrorKind::kConflict,
                "this CPU lacks the XSAVE components {:#x} of the machine the image was taken on",
                components);
  return {};
}

}  // namespace

Result<kinds::Origin> origin_here(pid_t root) {
  const proc::Status status =
      CR_TRY(proc::parse_status(CR_TRY(sys::read_file("/proc/self/status"))), "/proc/self/status");
  utsname names{};
  if (::uname(&names) < 0) return fail_errno("uname");
  kinds::Origin origin;
  origin.set_engine(kEngine);
  origin.set_engine_version(kVersion);
  origin.set_kernel_release(names.release);
  origin.set_machine(names.machine);
  origin.set_root(root);
  origin.set_uid(status.uid.effective);
  origin.set_gid(status.gid.effective);
  origin.set_capabilities(status.cap_effective);
  origin.set_xfeatures(sys::xsave_components());
  for (std::string& feature : sys::cpu_features()) origin.add_cpu_features(std::move(feature));
  *origin.mutable_surroundings() = CR_TRY(surroundings_here());
  return origin;
}

Result<void> check_origin(const kinds::Origin& origin) {
  const kinds::Origin here = CR_TRY(origin_here(origin.root()));
  if (origin.machine() != here.machine())
    return fail(ErrorKind::kConflict, "the image was taken on {}, this machine is {}", origin.machine(),
                here.machine());
  if (std::ranges::find(origin.word_sizes(), 32u) != origin.word_sizes().end() &&
      !CR_TRY(sys::runs_32bit_programs()))
    return fail(ErrorKind::kConflict,
                "the tree has 32-bit programs, which this kernel does not run (CONFIG_IA32_EMULATION)");
  if (origin.uid() != here.uid() || origin.gid() != here.gid())
    return fail(ErrorKind::kConflict, "the tree ran as user {} group {}, this command runs as {} and {}",
                origin.uid(), origin.gid(), here.uid(), here.gid());
  if ((origin.capabilities() & ~here.capabilities()) != 0)
    return fail(ErrorKind::kConflict, "the tree had capabilities {:#x}, this command has only {:#x}",
                origin.capabilities(), here.capabilities());
  CR_TRY(check_unconfined());
  CR_TRY(check_surroundings(origin, here));
  CR_TRY(check_cpus(origin));
  return check_cpu(origin, here);
}

}  // namespace cr::engine
