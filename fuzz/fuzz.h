// What every fuzz target starts with: its input as text, and a way to say that a property is broken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// Defined by each target. Returns -1 for an input that is not worth keeping.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace fuzz {

// /proc files of real tasks are smaller; longer inputs only cost time.
constexpr size_t kMaxText = 1 << 16;

constexpr size_t kMaxImage = 1 << 20;

inline std::string_view as_text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

[[noreturn]] inline void broken(const char* file, int line, const char* property) {
  std::fprintf(stderr, "%s:%d: broken property: %s\n", file, line, property);
  std::abort();
}

}  // namespace fuzz

// Like assert, but never compiled away.
#define FUZZ_REQUIRE(property) ((property) ? void() : ::fuzz::broken(__FILE__, __LINE__, #property))
