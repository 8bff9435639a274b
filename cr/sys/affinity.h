// On which CPUs a thread may run.
#pragma once

#include <cstdint>
#include <vector>

#include "cr/base/result.h"

namespace cr::sys {

using Cpus = std::vector<uint32_t>;  // numbers, ascending

// More than any kernel has.
Cpus every_cpu();

// Those of the calling thread.
Result<Cpus> allowed_cpus();
// The calling thread gets those of them that there are, within its cpuset.
Result<void> allow_cpus(const Cpus& wanted);

// What a thread gets here that asks for these; found by asking. Afterwards the caller has its own again.
Result<Cpus> obtainable_cpus(const Cpus& wanted);

// The calling thread's, if there are others that it could have; empty if it may run wherever it likes.
Result<Cpus> restricting_cpus();

}  // namespace cr::sys
