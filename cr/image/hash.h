// XXH3 with 64 bits, in one go or piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace cr::image {

uint64_t hash_of(std::span<const std::byte> bytes);

class Hasher {
 public:
  Hasher();

  void reset();
  void update(std::span<const std::byte> bytes);
  uint64_t value() const;

 private:
  struct Free {
    void operator()(void* state) const;
  };
  std::unique_ptr<void, Free> state_;
};

}  // namespace cr::image
