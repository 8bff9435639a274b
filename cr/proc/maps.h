// /proc/PID/maps: the address space of a task, one Vma per line, in the kernel's order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cr/base/result.h"

namespace cr::proc {

struct Vma {
  uint64_t start = 0;
  uint64_t end = 0;
  bool read = false;
  bool write = false;
  bool exec = false;
  bool shared = false;
  uint64_t offset = 0;  // bytes into the file; of a pure anonymous mapping the kernel shows 0
  uint32_t dev_major = 0;
  uint32_t dev_minor = 0;
  uint64_t inode = 0;  // 0: no file behind it (shared anonymous memory does have one)
  // Newline unescaped, without a trailing " (deleted)"; or a name that is no path, see special(); or empty.
  std::string path;
  // The name ended in " (deleted)".
  bool deleted = false;
  // The name as printed, kept only where path differs from it. The text is ambiguous: a living file may be
  // called "x (deleted)", and a name may hold the four characters "\012" that also stand for a newline.
  // Compare dev and inode with what raw_name() leads to before believing path.
  std::string raw;

  uint64_t size() const { return end - start; }

  const std::string& raw_name() const { return raw.empty() ? path : raw; }

  // The name is no path: "[heap]", "[vdso]", "[anon:x]", "anon_inode:[io_uring]".
  bool special() const { return !path.empty() && path.front() != '/'; }
  // The x in [anon:x] or [anon_shmem:x], given with prctl(PR_SET_VMA_ANON_NAME); empty when there is none.
  std::string_view anon_name() const;
};

Result<std::vector<Vma>> parse_maps(std::string_view text);

// Addresses are lower-case hexadecimal: in smaps, whose other lines begin with capital letters, this tells
// the first line of a block from the rest.
bool begins_mapping(std::string_view line);

// One line without its newline; smaps starts its blocks with the same line.
Result<Vma> parse_maps_line(std::string_view line);

}  // namespace cr::proc
