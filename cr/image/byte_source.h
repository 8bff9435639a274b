// Bounded reads of an image's bytes, for reader and verifier: a file that ends early is an invalid image, not
// an accident of the system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "cr/base/result.h"

namespace cr::image {

// All of `into`, from `offset` on.
Result<void> read_at(int fd, std::span<std::byte> into, uint64_t offset);

// A file front to back through one reused buffer.
class ByteSource {
 public:
  ByteSource(int fd, uint64_t size);

  // The next bytes, at least one and at most `most`; valid until the next call. Requires: position() + most
  // is within the size, and most is not zero.
  Result<std::span<const std::byte>> next(uint64_t most);

  uint64_t position() const { return position_; }

 private:
  int fd_;
  uint64_t size_;
  uint64_t position_ = 0;
  size_t capacity_;
  std::unique_ptr<std::byte[]> buffer_;
  std::span<const std::byte> ready_;  // read, not yet handed out
};

}  // namespace cr::image
