#include "cr/image/compression.h"

#include <zstd.h>

#include "cr/image/format.h"

namespace cr::image {

Compressor::Compressor(int level) : context_(ZSTD_createCCtx()), level_(level) {
  CR_CHECK(context_ != nullptr);
}

Result<std::vector<std::byte>> Compressor::compress(std::span<const std::byte> bytes) {
  std::vector<std::byte> out(ZSTD_compressBound(bytes.size()));
  const size_t size =
      ZSTD_compressCCtx(context_.get(), out.data(), out.size(), bytes.data(), bytes.size(), level_);
  if (ZSTD_isError(size) != 0) return fail(ErrorKind::kInternal, "zstd: {}", ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

Decompressor::Decompressor() : context_(ZSTD_createDCtx()) { CR_CHECK(context_ != nullptr); }

Result<void> Decompressor::decompress(std::span<const std::byte> frame, std::span<std::byte> into) {
  if (ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size())
    return damaged("compressed data is no frame of {} bytes", frame.size());
  if (ZSTD_getFrameContentSize(frame.data(), frame.size()) != into.size())
    return damaged("compressed data does not tell that it is {} bytes", into.size());
  const size_t size =
      ZSTD_decompressDCtx(context_.get(), into.data(), into.size(), frame.data(), frame.size());
  if (ZSTD_isError(size) != 0) return damaged("compressed data: {}", ZSTD_getErrorName(size));
  if (size != into.size()) return damaged("compressed data of {} bytes instead of {}", size, into.size());
  return {};
}

void Decompressor::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

int max_compression() { return ZSTD_maxCLevel(); }

}  // namespace cr::image
