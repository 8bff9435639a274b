// Page data made smaller and back, with zstd.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "cr/base/result.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace cr::image {

class Compressor {
 public:
  explicit Compressor(int level);
  // One frame that tells its content's size.
  Result<std::vector<std::byte>> compress(std::span<const std::byte> bytes);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
  int level_;
};

class Decompressor {
 public:
  Decompressor();
  // InvalidImage unless `frame` is one whole frame, and its content fills `into` exactly.
  Result<void> decompress(std::span<const std::byte> frame, std::span<std::byte> into);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

// Levels that Compressor takes; 0 means none to the callers.
int max_compression();

}  // namespace cr::image
