// Arithmetic on numbers that came from outside: overflow is an error, never a wrap.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

namespace cr {

constexpr uint64_t kPageSize = 4096;  // x86-64 has no other base page

// Where user space ends for a task of either word size on a 64-bit kernel: TASK_SIZE_MAX with four-level page
// tables, and IA32_PAGE_OFFSET (asm/page_64_types.h).
constexpr uint64_t kUserEnd64 = 0x7ffffffff000;
constexpr uint64_t kUserEnd32 = 0xffffe000;

template <typename T>
constexpr std::optional<T> checked_add(T a, T b) {
  T sum;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

template <typename T>
constexpr std::optional<T> checked_mul(T a, T b) {
  T product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

constexpr bool page_aligned(uint64_t value) { return value % kPageSize == 0; }
constexpr uint64_t page_down(uint64_t value) { return value & ~(kPageSize - 1); }
// Requires: value is at least a page below 2^64.
constexpr uint64_t page_up(uint64_t value) { return page_down(value + kPageSize - 1); }

}  // namespace cr
