// Where a writer's bytes go: in order, all or an error.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cr/base/result.h"
#include "cr/image/pending_file.h"

namespace cr::image {

class Sink {
 public:
  // Asked before every write, and again and again while a reader is not ready; an error ends the work with
  // it.
  using KeepGoing = std::function<Result<void>()>;

  Sink(PendingFile file, KeepGoing keep_going);
  Sink(int fd, std::string name, KeepGoing keep_going);

  const std::string& name() const { return name_; }
  uint64_t position() const { return position_; }

  // Small pieces are collected first: one call of the kernel per record would cost more than a copy.
  Result<void> put(std::span<const std::byte> bytes);
  // For work that adds little: what is collected here may be a long time's.
  Result<void> ask() const;
  Result<void> pad_to(uint64_t position);
  Result<void> flush();

  // Flushes; what this means for a file, see PendingFile.
  Result<void> publish();

 private:
  Result<void> write_out(std::span<const std::byte> bytes);
  Result<void> wait_for_reader();

  std::optional<PendingFile> file_;
  int fd_;
  std::string name_;
  KeepGoing keep_going_;
  bool patient_ = false;  // a write may have to wait for somebody who reads
  uint64_t position_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace cr::image
