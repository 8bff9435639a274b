#include "cr/image/page_batch.h"

#include <algorithm>

#include "cr/base/numbers.h"
#include "cr/base/zeros.h"
#include "cr/image/hash.h"
#include "cr/image/limits.h"

namespace cr::image {
namespace {

// Fits the second-level cache, so that what was just copied is looked at, hashed and written without going to
// memory again; and large enough for a section's head and table not to matter.
constexpr size_t kBatchBytes = size_t{1} << 20;
constexpr size_t kMaxPieces = 1024;
static_assert(kMaxPieces + kBatchBytes / kPageSize <= kMaxExtentsPerSection);
static_assert(kBatchBytes <= kMaxExtentPages * kPageSize);

// A compressed extent must be worth a decompression.
constexpr size_t worth_it(size_t bytes) { return bytes / 8 * 7; }

}  // namespace

PageBatch::PageBatch(int compression)
    : buffer_(std::make_unique_for_overwrite<std::byte[]>(kBatchBytes)),
      compressor_(compression == 0 ? nullptr : std::make_unique<Compressor>(compression)) {}

bool PageBatch::full() const { return used_ == kBatchBytes || pieces_.size() >= kMaxPieces; }

std::span<std::byte> PageBatch::room() { return {buffer_.get() + used_, kBatchBytes - used_}; }

void PageBatch::filled(size_t bytes) {
  CR_CHECK(page_aligned(bytes) && bytes <= kBatchBytes - used_);
  used_ += bytes;
  if (bytes == 0) return;
  if (pieces_.empty() || pieces_.back().kind != ExtentKind::kRaw) pieces_.push_back({});
  pieces_.back().pages += bytes / kPageSize;
}

void PageBatch::refer(ExtentKind kind, uint64_t pages, uint64_t source_id, uint64_t source_page) {
  CR_CHECK(pages > 0 && pages <= kMaxExtentPages);
  pieces_.push_back({kind, pages, source_id, source_page});
}

Result<void> PageBatch::store(std::span<const std::byte> bytes, Encoded& out) {
  ExtentEntry entry{.kind = static_cast<uint32_t>(ExtentKind::kRaw),
                    .pages = static_cast<uint32_t>(bytes.size() / kPageSize),
                    .first = out.pages,
                    .stored = bytes.size(),
                    .source_id = 0,
                    .source_page = 0,
                    .hash = 0};
  if (compressor_) {
    std::vector<std::byte> smaller = CR_TRY(compressor_->compress(bytes));
    if (smaller.size() <= worth_it(bytes.size())) {
      entry.kind = static_cast<uint32_t>(ExtentKind::kZstd);
      entry.stored = smaller.size();
      bytes = compressed_.emplace_back(std::move(smaller));
    }
  }
  entry.hash = hash_of(bytes);
  out.pages += entry.pages;
  out.table.push_back(entry);
  out.data.push_back(bytes);
  return {};
}

Result<void> PageBatch::encode_data(std::span<const std::byte> bytes, Encoded& out) {
  const auto zero_at = [&](size_t at) { return is_zero(bytes.subspan(at, kPageSize)); };
  for (size_t at = 0; at < bytes.size();) {
    const bool zero = zero_at(at);
    size_t end = at + kPageSize;
    while (end < bytes.size() && zero_at(end) == zero) end += kPageSize;
    if (zero) {
      const uint64_t pages = (end - at) / kPageSize;
      out.table.push_back({.kind = static_cast<uint32_t>(ExtentKind::kZero),
                           .pages = static_cast<uint32_t>(pages),
                           .first = out.pages,
                           .stored = 0,
                           .source_id = 0,
                           .source_page = 0,
                           .hash = 0});
      out.data.emplace_back();
      out.pages += pages;
    } else {
      CR_TRY(store(bytes.subspan(at, end - at), out));
    }
    at = end;
  }
  return {};
}

Result<PageBatch::Encoded> PageBatch::encode(uint64_t first) {
  Encoded out;
  out.pages = first;
  std::span<const std::byte> left(buffer_.get(), used_);
  for (const Piece& piece : pieces_) {
    if (piece.kind == ExtentKind::kRaw) {
      CR_TRY(encode_data(left.first(piece.pages * kPageSize), out));
      left = left.subspan(piece.pages * kPageSize);
      continue;
    }
    out.table.push_back({.kind = static_cast<uint32_t>(piece.kind),
                         .pages = static_cast<uint32_t>(piece.pages),
                         .first = out.pages,
                         .stored = 0,
                         .source_id = piece.source_id,
                         .source_page = piece.source_page,
                         .hash = 0});
    out.data.emplace_back();
    out.pages += piece.pages;
  }
  out.pages -= first;
  return out;
}

void PageBatch::clear() {
  used_ = 0;
  pieces_.clear();
  compressed_.clear();
}

}  // namespace cr::image
