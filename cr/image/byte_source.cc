#include "cr/image/byte_source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cr/image/format.h"

namespace cr::image {
namespace {

// Fits the second-level cache, so that what the kernel just copied is hashed without going to memory again.
constexpr uint64_t kBufferBytes = uint64_t{256} << 10;

}  // namespace

Result<void> read_at(int fd, std::span<std::byte> into, uint64_t offset) {
  while (!into.empty()) {
    const ssize_t got = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("read {} bytes at offset {}", into.size(), offset);
    if (got == 0) return damaged("the file ends at offset {}, {} bytes too early", offset, into.size());
    into = into.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return {};
}

ByteSource::ByteSource(int fd, uint64_t size)
    : fd_(fd),
      size_(size),
      capacity_(std::min(size, kBufferBytes)),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(capacity_)) {}

Result<std::span<const std::byte>> ByteSource::next(uint64_t most) {
  CR_CHECK(most > 0 && most <= size_ - position_);
  if (ready_.empty()) {
    const std::span<std::byte> fresh(buffer_.get(), std::min<uint64_t>(capacity_, size_ - position_));
    CR_TRY(read_at(fd_, fresh, position_));
    ready_ = fresh;
  }
  const auto part = ready_.first(std::min<uint64_t>(most, ready_.size()));
  ready_ = ready_.subspan(part.size());
  position_ += part.size();
  return part;
}

}  // namespace cr::image
