#include "cr/image/sink.h"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "cr/base/numbers.h"

namespace cr::image {
namespace {

constexpr size_t kBufferBytes = size_t{256} << 10;
constexpr size_t kDirectBytes = size_t{64} << 10;
constexpr int kPatienceMs = 100;

constexpr std::array<std::byte, kPageSize> kZeros{};

}  // namespace

Sink::Sink(PendingFile file, KeepGoing keep_going)
    : file_(std::move(file)), fd_(file_->fd()), name_(file_->path()), keep_going_(std::move(keep_going)) {
  buffer_.reserve(kBufferBytes);
}

Sink::Sink(int fd, std::string name, KeepGoing keep_going)
    : fd_(fd), name_(std::move(name)), keep_going_(std::move(keep_going)) {
  buffer_.reserve(kBufferBytes);
  struct stat status;
  patient_ = ::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode);
}

Result<void> Sink::wait_for_reader() {
  pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
  while (true) {
    const int count = ::poll(&ready, 1, kPatienceMs);
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return fail_errno("image {}: poll", name_);
    CR_TRY(ask());
  }
}

Result<void> Sink::ask() const {
  if (keep_going_) CR_TRY(keep_going_(), "image {}", name_);
  return {};
}

Result<void> Sink::write_out(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    size_t step = bytes.size();
    CR_TRY(ask());
    if (patient_) {
      CR_TRY(wait_for_reader());
      step = std::min<size_t>(step, PIPE_BUF);  // so much can be written without waiting: pipe(7)
    }
    const ssize_t put = ::write(fd_, bytes.data(), step);
    if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (put < 0) return fail_errno("image {}: write", name_);
    if (put == 0) return fail(ErrorKind::kSystem, "image {}: write made no progress", name_);
    bytes = bytes.subspan(static_cast<size_t>(put));
  }
  return {};
}

Result<void> Sink::flush() {
  CR_TRY(write_out(buffer_));
  buffer_.clear();
  return {};
}

Result<void> Sink::put(std::span<const std::byte> bytes) {
  if (bytes.size() < kDirectBytes) {
    if (buffer_.size() + bytes.size() > kBufferBytes) CR_TRY(flush());
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  } else {
    CR_TRY(flush());
    CR_TRY(write_out(bytes));
  }
  position_ += bytes.size();
  return {};
}

Result<void> Sink::pad_to(uint64_t position) {
  CR_CHECK(position >= position_ && position - position_ < kPageSize);
  return put(std::span(kZeros).first(position - position_));
}

Result<void> Sink::publish() {
  CR_TRY(flush());
  return file_ ? file_->publish() : Result<void>();
}

}  // namespace cr::image
