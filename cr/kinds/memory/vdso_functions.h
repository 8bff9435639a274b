// What a vdso offers to programs: the functions that its symbol table tells of.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "cr/base/remote_addr.h"
#include "cr/base/result.h"

namespace cr::kinds {

struct VdsoFunction {
  uint64_t size = 0;                    // bytes
  std::vector<std::string_view> names;  // borrowed of the code
};

struct VdsoFunctions {
  std::map<uint64_t, VdsoFunction> by_offset;  // from the vdso's first byte, which is its ELF header
  uint64_t text = 0, text_end = 0;             // all instructions that run, those of helpers too

  std::optional<uint64_t> find(std::string_view name) const;
  // A place in the code where only a thread can stand that is in the middle of a function.
  bool inside(uint64_t offset) const {
    return offset >= text && offset < text_end && !by_offset.contains(offset);
  }
};

// `code` may come from an image, so all of it is checked. Requires: it outlives the result.
// Invalid image: it is no ELF file of that word size with functions in one section of code.
Result<VdsoFunctions> functions_of_vdso(std::string_view code, WordSize word_size);

}  // namespace cr::kinds
