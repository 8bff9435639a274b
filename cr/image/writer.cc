#include "cr/image/writer.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <set>
#include <vector>

#include "cr/image/format.h"
#include "cr/image/hash.h"
#include "cr/image/limits.h"
#include "cr/image/pending_file.h"

namespace cr::image {
namespace {

// Hash, then write, in steps that a cache still holds, so that memory is read once. Measured: 128 KiB to 4
// MiB differ by less than the noise; hashing adds about a tenth to what the writes alone cost.
constexpr size_t kStepBytes = size_t{1} << 20;
// Smaller pieces are collected first: one call of the kernel per record would cost more than a copy.
constexpr size_t kDirectBytes = size_t{64} << 10;

constexpr std::array<std::byte, kPageSize> kZeros{};

}  // namespace

struct Writer::State {
  explicit State(PendingFile pending) : file(std::move(pending)) {}

  Result<void> emit(std::span<const std::byte> bytes);
  Result<void> flush();
  Result<void> write_out(std::span<iovec> vectors);  // none of them empty; changes them
  Result<void> align(uint64_t alignment);
  Result<void> start_section(SectionKey key);
  void finish_section(uint64_t hash);
  Result<uint64_t> checked_total(std::span<const iovec> data) const;
  Result<void> append_all(std::span<const iovec> data);
  Result<void> append_step(std::span<const iovec> step, size_t step_bytes);
  Result<void> usable(bool wants_open_pages) const;
  Result<void> room_for(uint64_t bytes) const;

  // Runs a step of the public API; an error in it spends the writer, because the file may end in half of a
  // section.
  template <typename Step>
  auto guarded(Step step) -> decltype(step()) {
    auto result = step();
    if (!result) spent = true;
    return result;
  }

  PendingFile file;
  Header header{};
  Hasher hasher;
  std::vector<std::byte> buffer;  // handed over, not yet written
  uint64_t position = 0;          // in the file, buffer included
  std::vector<IndexEntry> index;
  std::set<SectionKey> keys;
  bool pages_open = false;
  bool spent = false;  // committed or failed
};

Writer::Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

Result<void> Writer::State::usable(bool wants_open_pages) const {
  if (spent)
    return fail(ErrorKind::kInternal, "image {}: the writer is spent (committed or failed)", file.path());
  if (pages_open != wants_open_pages)
    return fail(ErrorKind::kInternal, "image {}: {}", file.path(),
                pages_open ? "a page section is still open" : "no page section is open");
  return {};
}

// `bytes` is below kMaxFileBytes times a few, so nothing wraps.
Result<void> Writer::State::room_for(uint64_t bytes) const {
  if (bytes <= kMaxFileBytes && position <= kMaxFileBytes - bytes) return {};
  return fail(ErrorKind::kUnsupported, "image {}: more than {} bytes", file.path(), kMaxFileBytes);
}

Result<void> Writer::State::write_out(std::span<iovec> vectors) {
  while (!vectors.empty()) {
    const int count = static_cast<int>(std::min<size_t>(vectors.size(), IOV_MAX));
    ssize_t put = ::writev(file.fd(), vectors.data(), count);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno("image {}: write", file.path());
    if (put == 0) return fail(ErrorKind::kSystem, "image {}: write made no progress", file.path());
    while (!vectors.empty() && static_cast<size_t>(put) >= vectors.front().iov_len) {
      put -= static_cast<ssize_t>(vectors.front().iov_len);
      vectors = vectors.subspan(1);
    }
    if (put == 0) continue;  // a whole number of vectors went out
    vectors.front().iov_base = static_cast<std::byte*>(vectors.front().iov_base) + put;
    vectors.front().iov_len -= static_cast<size_t>(put);
  }
  return {};
}

Result<void> Writer::State::flush() {
  if (buffer.empty()) return {};
  std::array<iovec, 1> whole{{{buffer.data(), buffer.size()}}};
  CR_TRY(write_out(whole));
  buffer.clear();
  return {};
}

Result<void> Writer::State::emit(std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  if (bytes.size() < kDirectBytes) {
    buffer.insert(buffer.end(), bytes.begin(), bytes.end());
    if (buffer.size() >= kStepBytes) CR_TRY(flush());
  } else {
    CR_TRY(flush());
    // writev() only reads through this pointer; iovec has no const variant.
    std::array<iovec, 1> whole{{{const_cast<std::byte*>(bytes.data()), bytes.size()}}};
    CR_TRY(write_out(whole));
  }
  position += bytes.size();
  return {};
}

Result<void> Writer::State::align(uint64_t alignment) {
  const uint64_t padding = align_up(position, alignment) - position;
  return emit(std::span(kZeros).first(padding));
}

Result<void> Writer::State::start_section(SectionKey key) {
  if (index.size() >= kMaxSections)
    return fail(ErrorKind::kUnsupported, "image {}: more than {} sections", file.path(), kMaxSections);
  if (!keys.insert(key).second)
    return fail(ErrorKind::kInternal, "image {}: {} is already there", file.path(), key.name());
  CR_TRY(align(alignment_of(key.type)));
  index.push_back({.type = key.type, .flags = 0, .id = key.id, .offset = position, .length = 0, .hash = 0});
  return {};
}

void Writer::State::finish_section(uint64_t hash) {
  index.back().length = position - index.back().offset;
  index.back().hash = hash;
}

Result<Writer> Writer::create(const std::string& path, Executable executable) {
  auto state = std::make_unique<State>(CR_TRY(PendingFile::create(path)));
  if (executable == Executable::kYes) CR_TRY(state->file.make_executable());
  std::array<std::byte, 16> image_id;
  if (::getrandom(image_id.data(), image_id.size(), 0) != static_cast<ssize_t>(image_id.size()))
    return fail_errno("getrandom");
  state->header = make_header(image_id);
  state->buffer.reserve(kStepBytes + kDirectBytes);
  CR_TRY(state->emit(bytes_of(state->header)));
  return Writer(std::move(state));
}

Result<void> Writer::add_record(uint32_t type, uint64_t id, std::span<const std::byte> payload) {
  return state_->guarded([&]() -> Result<void> {
    CR_TRY(state_->usable(false));
    if (type == kPages)
      return fail(ErrorKind::kInternal, "image {}: type {} is reserved for page sections",
                  state_->file.path(), kPages);
    if (payload.size() > kMaxRecordBytes)
      return fail(ErrorKind::kUnsupported, "image {}: record type {} id {} has {} bytes, the limit is {}",
                  state_->file.path(), type, id, payload.size(), kMaxRecordBytes);
    CR_TRY(state_->room_for(payload.size()));
    CR_TRY(state_->start_section({type, id}));
    CR_TRY(state_->emit(payload));
    state_->finish_section(hash_of(payload));
    return {};
  });
}

Result<void> Writer::add_record(uint32_t type, uint64_t id, std::string_view payload) {
  return add_record(type, id, std::as_bytes(std::span(payload)));
}

Result<void> Writer::begin_pages(uint64_t id) {
  return state_->guarded([&]() -> Result<void> {
    CR_TRY(state_->usable(false));
    CR_TRY(state_->start_section({kPages, id}));
    state_->hasher.reset();
    state_->pages_open = true;
    return {};
  });
}

Result<void> Writer::State::append_step(std::span<const iovec> step, size_t step_bytes) {
  for (const iovec& piece : step)
    hasher.update({static_cast<const std::byte*>(piece.iov_base), piece.iov_len});
  if (step_bytes < kDirectBytes) {
    for (const iovec& piece : step)
      CR_TRY(emit({static_cast<const std::byte*>(piece.iov_base), piece.iov_len}));
    return {};
  }
  CR_TRY(flush());
  std::vector<iovec> remaining(step.begin(), step.end());  // write_out() shortens what it has written
  CR_TRY(write_out(remaining));
  position += step_bytes;
  return {};
}

Result<uint64_t> Writer::State::checked_total(std::span<const iovec> data) const {
  uint64_t total = 0;
  for (const iovec& piece : data) {
    const auto sum = checked_add<uint64_t>(total, piece.iov_len);
    if (!sum) return fail(ErrorKind::kInternal, "image {}: page data of more than 2^64 bytes", file.path());
    total = *sum;
  }
  if (!page_aligned(total))
    return fail(ErrorKind::kInternal, "image {}: {} bytes are not whole pages", file.path(), total);
  CR_TRY(room_for(total));
  return total;
}

// Cuts the caller's vectors into steps.
Result<void> Writer::State::append_all(std::span<const iovec> data) {
  std::vector<iovec> step;
  size_t step_bytes = 0;
  for (iovec piece : data) {
    while (piece.iov_len > 0) {
      const size_t take = std::min(piece.iov_len, kStepBytes - step_bytes);
      step.push_back({piece.iov_base, take});
      step_bytes += take;
      piece.iov_base = static_cast<std::byte*>(piece.iov_base) + take;
      piece.iov_len -= take;
      if (step_bytes < kStepBytes) continue;
      CR_TRY(append_step(step, step_bytes));
      step.clear();
      step_bytes = 0;
    }
  }
  return append_step(step, step_bytes);
}

Result<uint64_t> Writer::append_pages(std::span<const iovec> data) {
  return state_->guarded([&]() -> Result<uint64_t> {
    CR_TRY(state_->usable(true));
    CR_TRY(state_->checked_total(data));
    const uint64_t begin = state_->position - state_->index.back().offset;
    CR_TRY(state_->append_all(data));
    return begin;
  });
}

Result<void> Writer::end_pages() {
  return state_->guarded([&]() -> Result<void> {
    CR_TRY(state_->usable(true));
    state_->finish_section(state_->hasher.value());
    state_->pages_open = false;
    return {};
  });
}

uint64_t Writer::size() const { return state_->position; }

Result<uint64_t> Writer::commit() {
  return state_->guarded([&]() -> Result<uint64_t> {
    CR_TRY(state_->usable(false));
    CR_TRY(state_->align(kRecordAlignment));
    const auto index = std::as_bytes(std::span(state_->index));
    CR_TRY(state_->room_for(index.size() + sizeof(Footer)));
    const Footer footer = make_footer(state_->header, state_->position, index);
    CR_TRY(state_->emit(index));
    CR_TRY(state_->emit(bytes_of(footer)));
    CR_TRY(state_->flush());
    CR_TRY(state_->file.publish());
    state_->spent = true;
    return footer.file_size;
  });
}

}  // namespace cr::image
