#include "cr/image/stream.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cr/image/format.h"

namespace cr::image {
namespace {

// Fits the second-level cache, so that what the kernel just copied is hashed without going to memory again.
constexpr uint64_t kBufferBytes = uint64_t{256} << 10;
constexpr uint64_t kProgressBytes = uint64_t{16} << 20;
constexpr int kPatienceMs = 100;

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

Stream::Stream(int fd, bool seekable, uint64_t size)
    : fd_(fd),
      seekable_(seekable),
      size_(size),
      capacity_(seekable ? std::clamp<uint64_t>(size, 1, kBufferBytes) : kBufferBytes),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(capacity_)) {}

Stream Stream::of_file(int fd, uint64_t size, Progress progress) {
  Stream stream(fd, true, size);
  stream.progress_ = std::move(progress);
  return stream;
}

Stream Stream::of_pipe(int fd, std::function<Result<void>()> keep_going) {
  Stream stream(fd, false, 0);
  stream.keep_going_ = std::move(keep_going);
  return stream;
}

Result<void> Stream::wait_for_data() {
  pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
  while (true) {
    if (keep_going_) CR_TRY(keep_going_());
    const int count = ::poll(&ready, 1, kPatienceMs);
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return fail_errno("poll");
  }
}

// Some bytes; 0 at the end.
Result<size_t> Stream::fill(std::span<std::byte> into) {
  while (true) {
    ssize_t got = 0;
    if (seekable_) {
      into = into.first(std::min<uint64_t>(into.size(), size_ - read_));
      got = into.empty() ? 0 : ::pread(fd_, into.data(), into.size(), static_cast<off_t>(read_));
    } else {
      CR_TRY(wait_for_data());
      got = ::read(fd_, into.data(), into.size());
    }
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return fail_errno("read at offset {}", read_);
    read_ += static_cast<uint64_t>(got);
    return static_cast<size_t>(got);
  }
}

Result<void> Stream::read(std::span<std::byte> into) {
  while (!into.empty()) {
    if (!ready_.empty()) {
      const size_t part = std::min(into.size(), ready_.size());
      std::memcpy(into.data(), ready_.data(), part);
      ready_ = ready_.subspan(part);
      into = into.subspan(part);
      position_ += part;
      continue;
    }
    const bool direct = into.size() >= capacity_;
    const std::span<std::byte> target = direct ? into : std::span(buffer_.get(), capacity_);
    const size_t got = CR_TRY(fill(target));
    if (got == 0) return damaged("ends at offset {}, {} bytes too early", position_, into.size());
    if (direct) {
      into = into.subspan(got);
      position_ += got;
    } else {
      ready_ = target.first(got);
    }
    CR_TRY(report());
  }
  return {};
}

Result<bool> Stream::at_end() {
  if (!ready_.empty()) return false;
  const std::span<std::byte> target(buffer_.get(), capacity_);
  const size_t got = CR_TRY(fill(target));
  ready_ = target.first(got);
  return got == 0;
}

Result<void> Stream::report() {
  const bool due = read_ - reported_ >= kProgressBytes || (seekable_ && read_ == size_ && reported_ != size_);
  if (!progress_ || !due) return {};
  reported_ = read_;
  return progress_(read_, size_);
}

}  // namespace cr::image
