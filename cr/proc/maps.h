// /proc/PID/maps: the address space of a task, one Vma per line, in address order.
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
  // As d_path() tells it, newline unescaped, without a trailing " (deleted)"; a "[name]"; or empty.
  std::string path;
  // The name ended in " (deleted)". A living file may be called "x (deleted)" too, and the text cannot tell
  // them apart: compare dev and inode with what shown_name() leads to.
  bool deleted = false;

  uint64_t size() const { return end - start; }

  // The name as the kernel printed it, " (deleted)" included.
  std::string shown_name() const { return deleted ? path + " (deleted)" : path; }

  // The kernel made up the name ("[heap]", "[vdso]", "[anon:x]"): nothing is mapped from a file.
  bool special() const;
  // The x in [anon:x] or [anon_shmem:x] (prctl PR_SET_VMA_ANON_NAME); nothing when it is not named so.
  std::string_view anon_name() const;
};

Result<std::vector<Vma>> parse_maps(std::string_view text);

// One line without its newline; smaps starts its blocks with the same line.
Result<Vma> parse_maps_line(std::string_view line);

}  // namespace cr::proc
