// What no kernel gives any task more of, and which addresses a task can have: an image that says otherwise is
// invalid.
#pragma once

#include <sys/types.h>

#include <bit>
#include <string_view>

#include "cr/base/numbers.h"

namespace cr::kinds {

constexpr pid_t kMaxPid = 1 << 22;  // PID_MAX_LIMIT
constexpr int kSignals = 64;        // _NSIG

constexpr uint32_t kMaxDescriptor = 1 << 30;
constexpr uint64_t kMaxPipe = 1 << 30;  // bytes; round_pipe_size() of fs/pipe.c ends at twice that
// All pipes together: the kernel keeps 40 bytes for each page that a pipe may hold, so some large ones are no
// burden, nor are many of what anybody may make them (the default of fs.pipe-max-size).
constexpr uint64_t kMaxOfAllPipes = uint64_t{4} << 30, kMorePerPipe = uint64_t{1} << 20;

constexpr uint64_t kMaxSharedObject = uint64_t{1} << 46;
constexpr size_t kMaxVdso = 64 * kPageSize;  // two or three pages today
constexpr size_t kMaxAuxv = 512;             // sizeof(mm_struct.saved_auxv): 384 to 448 bytes by now
constexpr uint64_t kLowestAddress = kPageSize;

constexpr size_t kMaxXstate = 16384;        // AMX brings it to 11 KiB
constexpr size_t kLegacyXstate = 512 + 64;  // FXSAVE area and XSAVE header

// TASK_COMM_LEN, its NUL included, is 16.
inline bool is_task_name(std::string_view name) {
  return name.size() <= 15 && name.find('\0') == std::string_view::npos;
}

// What F_SETPIPE_SZ gives: round_pipe_size() of fs/pipe.c.
constexpr bool is_pipe_capacity(uint64_t bytes) {
  return bytes >= kPageSize && bytes <= kMaxPipe && std::has_single_bit(bytes);
}

// Word sizes are those of Task: 32 or 64.
constexpr uint64_t user_end(uint32_t word_size) { return word_size == 32 ? kUserEnd32 : kUserEnd64; }
constexpr bool user_address(uint64_t address, uint32_t word_size) { return address < user_end(word_size); }
constexpr bool user_range(uint64_t start, uint64_t size, uint32_t word_size) {
  return start <= user_end(word_size) && size <= user_end(word_size) - start;
}
// For what the kernel keeps without looking at it: a value that a call of that width can have brought.
constexpr bool fits_word(uint64_t value, uint32_t word_size) {
  return word_size == 64 || value <= 0xffffffff;
}

}  // namespace cr::kinds
