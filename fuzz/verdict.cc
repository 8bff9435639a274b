#include "fuzz/verdict.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <new>

#include "cr/engine/compile.h"
#include "cr/engine/load.h"
#include "fuzz/image_file.h"

namespace {

// How much of the heap is in use, and was at most.
std::atomic<size_t> in_use{0}, at_most{0};

void took(void* memory) {
  const size_t now = in_use += ::malloc_usable_size(memory);
  for (size_t seen = at_most; seen < now && !at_most.compare_exchange_weak(seen, now);) {
  }
}

}  // namespace

void* operator new(size_t size) {
  void* const memory = std::malloc(std::max<size_t>(size, 1));
  if (memory == nullptr) throw std::bad_alloc();
  took(memory);
  return memory;
}
void operator delete(void* memory) noexcept {
  in_use -= ::malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept { operator delete(memory); }

namespace fuzz {
namespace {

// The smallest part of an image is a descriptor, eight bytes: an object when it is read, an operation and its
// reason when it is planned, together some 540 bytes. For whatever is no larger than a small program the
// floor counts.
constexpr size_t kMemoryFloor = size_t{8} << 20, kMemoryFactor = 80;
// A second is long enough for whatever has the size of a small program; bytes are checked much faster.
constexpr double kSlow = 1, kSlowPerByte = 0.1 / (1 << 20);

}  // namespace

Verdict verdict_on(const std::string& image) {
  const cr::sys::UniqueFd fd = file_of(image.data(), image.size());
  Verdict verdict;
  const size_t before = in_use;
  at_most = before;
  const std::clock_t start = std::clock();
  const auto refused = [&](const cr::Error& error) {
    verdict.kind = error.kind();
    verdict.refusal = error.message();
  };
  if (const auto loaded = cr::engine::load(path_of(fd)); !loaded) {
    refused(loaded.error());
  } else {
    verdict.sound = true;
    const auto plan = cr::engine::compile(loaded->records);
    verdict.accepted = plan.has_value();
    if (!plan) refused(plan.error());
  }
  verdict.seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  verdict.memory = at_most - before;
  return verdict;
}

bool is_greedy(const Verdict& verdict, const std::string& image) {
  return verdict.memory > kMemoryFloor + kMemoryFactor * image.size();
}

bool is_slow(const Verdict& verdict, const std::string& image) {
  return verdict.seconds > kSlow + kSlowPerByte * static_cast<double>(image.size());
}

bool is_orderly(const Verdict& verdict) {
  if (verdict.sound) return verdict.accepted || verdict.kind == cr::ErrorKind::kUnsupported;
  return verdict.kind == cr::ErrorKind::kInvalidImage || verdict.kind == cr::ErrorKind::kConflict;
}

}  // namespace fuzz
