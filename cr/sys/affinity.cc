#include "cr/sys/affinity.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace cr::sys {
namespace {

constexpr uint32_t kMostCpus = 8192;  // CONFIG_NR_CPUS of x86-64 goes as far
constexpr uint32_t kBits = 64;
using Mask = std::array<uint64_t, kMostCpus / kBits>;

}  // namespace

Cpus every_cpu() {
  Cpus all(kMostCpus);
  std::iota(all.begin(), all.end(), 0u);
  return all;
}

Result<Cpus> allowed_cpus() {
  Mask mask{};
  if (::syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask.data()) < 0)
    return fail_errno("sched_getaffinity");
  Cpus cpus;
  for (uint32_t cpu = 0; cpu < kMostCpus; ++cpu)
    if ((mask[cpu / kBits] >> cpu % kBits & 1) != 0) cpus.push_back(cpu);
  return cpus;
}

Result<void> allow_cpus(const Cpus& wanted) {
  Mask mask{};
  for (const uint32_t cpu : wanted)
    if (cpu < kMostCpus) mask[cpu / kBits] |= uint64_t{1} << cpu % kBits;
  if (::syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask.data()) < 0)
    return fail_errno("sched_setaffinity");
  return {};
}

Result<Cpus> obtainable_cpus(const Cpus& wanted) {
  const Cpus own = CR_TRY(allowed_cpus());
  // None of them is there, says EINVAL.
  if (const auto tried = allow_cpus(wanted); !tried && tried.error().error_number() == EINVAL) return Cpus();
  auto found = allowed_cpus();
  CR_TRY(allow_cpus(own));
  return found;
}

Result<Cpus> restricting_cpus() {
  Cpus own = CR_TRY(allowed_cpus());
  // Whoever was never restricted may run on CPUs too that are yet to come, and after asking for all on some
  // kernels no longer: so it is asked only where CPUs that are there are missing.
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  if (online > 0 && own.size() >= static_cast<size_t>(online)) return Cpus();
  const Cpus all = CR_TRY(obtainable_cpus(every_cpu()));
  return std::ranges::includes(own, all) ? Cpus() : own;
}

}  // namespace cr::sys
