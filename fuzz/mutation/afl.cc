// The mutator as AFL++ calls it: a shared library named by AFL_CUSTOM_MUTATOR_LIBRARY.
#include "fuzz/mutation/mutator.h"

namespace {

struct Mutator {
  explicit Mutator(unsigned int seed) : random(seed) {}
  std::mt19937_64 random;
  std::string changed;  // borrowed by AFL++ until the next call
};

}  // namespace

extern "C" void* afl_custom_init(void* /*afl*/, unsigned int seed) { return new Mutator(seed); }

extern "C" void afl_custom_deinit(void* data) { delete static_cast<Mutator*>(data); }

extern "C" size_t afl_custom_fuzz(void* data, uint8_t* input, size_t size, uint8_t** out, uint8_t* /*other*/,
                                  size_t /*other_size*/, size_t most) {
  Mutator& mutator = *static_cast<Mutator*>(data);
  const auto change_bytes = [&](uint8_t* bytes, size_t count, size_t) {
    for (uint64_t i = 0; count != 0 && i <= mutator.random() % 8; ++i)
      bytes[mutator.random() % count] ^= static_cast<uint8_t>(1 << mutator.random() % 8);
    return count;
  };
  mutator.changed =
      fuzz::mutate_input(std::as_bytes(std::span(input, size)), most, mutator.random, change_bytes);
  *out = reinterpret_cast<uint8_t*>(mutator.changed.data());
  return mutator.changed.size();
}
