// What this CPU can do that a program may have come to rely on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cr/base/result.h"

namespace cr::sys {

// State components of XSAVE that the kernel has switched on (XCR0; Intel SDM volume 1, chapter 13).
uint64_t xsave_components();

// Where the last of these components ends in an XSAVE area of the standard form: sizes are the same
// everywhere, places are this CPU's.
uint64_t xsave_end(uint64_t components);
// Bytes of an XSAVE image of this CPU that holds all of them, in the standard format.
size_t xsave_size();
// The components that are in use in such an image (XSTATE_BV, 13.4.2). Requires: it has a header.
uint64_t components_in_use(std::span<const std::byte> xsave_image);
// AMX: only who has asked the kernel for them may use tiles (arch_prctl(ARCH_REQ_XCOMP_PERM)).
constexpr uint64_t kTileData = uint64_t{1} << 18;

// Instructions beyond those of every x86-64 CPU that a program finds by CPUID, or the C library for it: once
// it has looked, it goes on using them. Named as in the flags of /proc/cpuinfo, sorted. Those that need
// vector registers count only if the kernel has switched these on.
std::vector<std::string> cpu_features();

// The kernel executes 32-bit programs: it was built for that (CONFIG_IA32_EMULATION), and not told otherwise
// (ia32_emulation=0). Tried with a program that only exits.
Result<bool> runs_32bit_programs();

// Any program may make calls of the 32-bit ABI (int $0x80). Where the kernel takes none, to make one is a
// fault: so a child tries, once.
Result<bool> takes_32bit_calls();

}  // namespace cr::sys
