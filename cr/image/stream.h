// Bytes that come one after the other: of a file from its beginning, or of a pipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "cr/base/result.h"

namespace cr::image {

// Called every few MiB, and once at the end, from the calling thread. An error it returns (a deadline, a
// signal) ends the work with it. `total_bytes` is 0 while nobody knows.
using Progress = std::function<Result<void>(uint64_t done_bytes, uint64_t total_bytes)>;

class Stream {
 public:
  // `fd` is borrowed. A file's offset is neither used nor moved: `size` bytes are read from its beginning.
  static Stream of_file(int fd, uint64_t size, Progress progress = {});
  // `keep_going` is asked before every read, and again and again while nothing comes.
  static Stream of_pipe(int fd, std::function<Result<void>()> keep_going = {});

  // All of `into`; a stream that ends early is InvalidImage.
  Result<void> read(std::span<std::byte> into);
  // Is there nothing more?
  Result<bool> at_end();

  uint64_t position() const { return position_; }

 private:
  Stream(int fd, bool seekable, uint64_t size);
  Result<size_t> fill(std::span<std::byte> into);
  Result<void> wait_for_data();
  Result<void> report();

  int fd_;
  bool seekable_;
  uint64_t size_;
  Progress progress_;
  std::function<Result<void>()> keep_going_;
  uint64_t position_ = 0;
  uint64_t read_ = 0;  // from the descriptor
  uint64_t reported_ = 0;
  size_t capacity_;
  std::unique_ptr<std::byte[]> buffer_;
  std::span<const std::byte> ready_;  // read, not yet handed out
};

// All of `into`, from `offset` of a file on.
Result<void> read_at(int fd, std::span<std::byte> into, uint64_t offset);

}  // namespace cr::image
