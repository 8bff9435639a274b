#include "cr/image/hash.h"

#include "cr/base/result.h"
#include "cr/image/xxh3.h"

namespace cr::image {
namespace {

// Measured for data in the cache: 8 GB/s with SSE2, 32 GB/s with AVX2.
const cr_xxh3& xxh3() {
  static const cr_xxh3& widest = __builtin_cpu_supports("avx2") ? cr_xxh3_avx2 : cr_xxh3_sse2;
  return widest;
}

}  // namespace

uint64_t hash_of(std::span<const std::byte> bytes) { return xxh3().whole(bytes.data(), bytes.size()); }

Hasher::Hasher() : state_(xxh3().create()) {
  CR_CHECK(state_ != nullptr);
  reset();
}

void Hasher::reset() { xxh3().reset(state_.get()); }

void Hasher::update(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;  // the data pointer of an empty span may be null
  xxh3().update(state_.get(), bytes.data(), bytes.size());
}

uint64_t Hasher::value() const { return xxh3().value(state_.get()); }

void Hasher::Free::operator()(void* state) const { xxh3().destroy(state); }

}  // namespace cr::image
