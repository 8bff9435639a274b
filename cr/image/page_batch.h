// Pages on their way into an image: collected, then told apart into zeros, raw and compressed data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cr/base/result.h"
#include "cr/image/compression.h"
#include "cr/image/format.h"

namespace cr::image {

class PageBatch {
 public:
  // Level 0: no compression.
  explicit PageBatch(int compression);

  bool empty() const { return pieces_.empty(); }
  // No more fits.
  bool full() const;

  // The free part of the buffer: whole pages. Requires: !full().
  std::span<std::byte> room();
  void filled(size_t bytes);
  void refer(ExtentKind kind, uint64_t pages, uint64_t source_id, uint64_t source_page);

  // The section's two parts: its table, and data for each entry that stores some, to be aligned as its kind
  // asks. `first` is the object's page that the batch begins with. Borrowed until clear().
  struct Encoded {
    std::vector<ExtentEntry> table;
    std::vector<std::span<const std::byte>> data;  // one per entry; may be empty
    uint64_t pages = 0;
  };
  Result<Encoded> encode(uint64_t first);
  void clear();

 private:
  // Pages next to each other in the buffer, or a reference.
  struct Piece {
    ExtentKind kind = ExtentKind::kRaw;
    uint64_t pages = 0;
    uint64_t source_id = 0, source_page = 0;
  };
  Result<void> encode_data(std::span<const std::byte> bytes, Encoded& out);
  Result<void> store(std::span<const std::byte> bytes, Encoded& out);

  std::unique_ptr<std::byte[]> buffer_;
  size_t used_ = 0;
  std::vector<Piece> pieces_;
  std::unique_ptr<Compressor> compressor_;  // null: none wanted
  std::vector<std::vector<std::byte>> compressed_;
};

}  // namespace cr::image
