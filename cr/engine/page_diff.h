// In which pages the memory of two images differs, told by hashes of the pages that they hold.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cr/engine/load.h"
#include "cr/kinds/memory/memory.pb.h"

namespace cr::engine {

// A page that an image holds.
struct PageHash {
  uint64_t address = 0;  // or the offset within a shared memory object
  uint64_t hash = 0;
};
using PageHashes = std::vector<PageHash>;  // ascending

struct Bytes {
  uint64_t address = 0, length = 0;
};

// Of the memory with this page section, the bytes in `without` taken as zeroes.
Result<PageHashes> hash_pages(const Loaded& image, uint64_t section,
                              const google::protobuf::RepeatedPtrField<kinds::PageRun>& runs,
                              std::span<const Bytes> without = {});

struct PageRange {
  uint64_t start = 0, end = 0;
  bool zero_filled = false;  // a page that an image does not hold is all zeroes, and not what a file says
};
struct PageDifference {
  std::string where;  // "pid 5 0x400000-0x402000"
  uint64_t pages = 0;
  uint64_t first = 0;  // address of the first one
};
// Pages that both hold and that differ, and pages of one only, unless they are zeroes anyway.
PageDifference compare_pages(const PageHashes& a, const PageHashes& b, const PageRange& range);

// What is mapped alike in both: where a mapping of one and a mapping of the other are about the same pages.
std::vector<PageRange> common_ranges(const kinds::AddressSpace& a, const kinds::AddressSpace& b);

}  // namespace cr::engine
