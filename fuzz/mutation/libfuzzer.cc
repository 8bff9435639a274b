// The mutator as libFuzzer calls it.
#include <algorithm>

#include "fuzz/mutation/mutator.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned int seed) {
  std::mt19937_64 random(seed);
  const std::string changed =
      fuzz::mutate_input(std::as_bytes(std::span(data, size)), most, random, LLVMFuzzerMutate);
  std::copy(changed.begin(), changed.end(), data);
  return changed.size();
}
