// /proc/sys/fs/binfmt_misc/NAME: a kind of file that an interpreter runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cr/base/result.h"

namespace cr::proc {

struct BinfmtEntry {
  bool enabled = false;
  std::string interpreter;
  std::string flags;      // of P, O, C, F, in this order
  std::string extension;  // with its dot; empty: told by the file's bytes
  uint32_t offset = 0;
  std::string magic;
  std::string mask;  // empty: every bit counts; else as long as magic

  // Would the kernel give it a file that begins like this? `head` may be shorter than what is compared.
  bool matches(std::string_view head) const;
};

Result<BinfmtEntry> parse_binfmt_entry(std::string_view text);

}  // namespace cr::proc
