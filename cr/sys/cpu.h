// What this CPU can do that a program may have come to rely on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cr/base/result.h"

namespace cr::sys {

// State components of XSAVE that the kernel has switched on (XCR0; Intel SDM volume 1, chapter 13).
uint64_t xsave_components();

// Instructions beyond those of every x86-64 CPU that a program finds by CPUID, or the C library for it: once
// it has looked, it goes on using them. Named as in the flags of /proc/cpuinfo, sorted. Those that need
// vector registers count only if the kernel has switched these on.
std::vector<std::string> cpu_features();

// The kernel executes 32-bit programs: it was built for that (CONFIG_IA32_EMULATION), and not told otherwise
// (ia32_emulation=0). Tried with a program that only exits.
Result<bool> runs_32bit_programs();

}  // namespace cr::sys
