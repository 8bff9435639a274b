// How large an image may be. A reader trusts no count before it has been compared with these and with the
// file's size.
#pragma once

#include <cstdint>

namespace cr::image {

// The index is held in memory whole: 48 bytes per section, each of which took at least as much of the file.
constexpr uint64_t kMaxSections = uint64_t{1} << 24;

// A record is held in memory whole, twice while it is decoded; a stream is restored with memory of this
// order.
constexpr uint64_t kMaxRecordBytes = uint64_t{16} << 20;

// What is read, checked and placed at once.
constexpr uint64_t kMaxExtentPages = 256;
constexpr uint64_t kMaxExtentsPerSection = 4096;

// Pages of one object: an address space of 47 bits.
constexpr uint64_t kMaxObjectPages = uint64_t{1} << 35;

// The whole file. Far above any machine's memory, far below where 64-bit sums could wrap.
constexpr uint64_t kMaxFileBytes = uint64_t{1} << 48;

}  // namespace cr::image
