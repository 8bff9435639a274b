// Reads pages of an image's objects, however they are stored: raw, compressed, as zeros, elsewhere in the
// image, in its parent. The one way for everybody who wants their content.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cr/image/compression.h"
#include "cr/image/reader.h"

namespace cr::image {

class PageReader {
 public:
  // `image` is borrowed.
  explicit PageReader(const Reader& image) : image_(image) {}

  // The object's pages from page `first` on; `into` is whole pages. Checksums are verified. Pages that the
  // object does not have are InvalidImage; a parent that was not attached is a Conflict.
  Result<void> read(uint64_t object, uint64_t first, std::span<std::byte> into);

 private:
  Result<void> read_extent(const Extent& extent, uint64_t skip, std::span<std::byte> into);
  Result<void> load(const Extent& extent);

  const Reader& image_;
  Decompressor decompressor_;
  std::vector<std::byte> stored_, content_;
  uint64_t loaded_ = 0;                 // offset of the extent whose content is held; 0: none
  std::unique_ptr<PageReader> parent_;  // made when it is needed
};

}  // namespace cr::image
