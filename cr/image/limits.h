// How large an image may be. A reader trusts no count before it has been compared with these and with the
// file's size.
#pragma once

#include <cstdint>

namespace cr::image {

// The index is the only part that a reader holds in memory whole: 40 bytes per section.
constexpr uint64_t kMaxSections = uint64_t{1} << 20;

// A record is decoded as one message, and protobuf refuses more than 2 GiB; nothing sensible comes near this.
constexpr uint64_t kMaxRecordBytes = uint64_t{64} << 20;

// The whole file. Far above any machine's memory, far below where 64-bit sums could wrap.
constexpr uint64_t kMaxFileBytes = uint64_t{1} << 48;

}  // namespace cr::image
