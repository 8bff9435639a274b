// Only frames that say what they hold, and hold just that, are decompressed.
#include "cr/image/compression.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include "cr/base/numbers.h"

namespace cr::image {
namespace {

std::vector<std::byte> frame_of(std::span<const std::byte> content, bool tells_size) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, tells_size ? 1 : 0);
  std::vector<std::byte> frame(ZSTD_compressBound(content.size()));
  frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), content.data(), content.size()));
  ZSTD_freeCCtx(context);
  return frame;
}

TEST(Decompressor, TakesAFrameThatTellsItsSize) {
  const std::vector<std::byte> content(3 * kPageSize, std::byte{7});
  std::vector<std::byte> into(content.size());
  ASSERT_TRUE(Decompressor().decompress(frame_of(content, true), into));
  EXPECT_EQ(into, content);
}

TEST(Decompressor, RefusesOthers) {
  const std::vector<std::byte> content(3 * kPageSize, std::byte{7});
  std::vector<std::byte> into(content.size()), larger(4 * kPageSize), smaller(2 * kPageSize);
  auto frame = frame_of(content, true);
  for (auto* wrong : {&larger, &smaller}) {
    const auto done = Decompressor().decompress(frame, *wrong);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind(), ErrorKind::kInvalidImage);
  }
  EXPECT_FALSE(Decompressor().decompress(frame_of(content, false), into)) << "it does not tell";
  frame.push_back(std::byte{0});
  EXPECT_FALSE(Decompressor().decompress(frame, into)) << "something behind it";
  frame.resize(frame.size() - 2);
  EXPECT_FALSE(Decompressor().decompress(frame, into)) << "cut short";
}

}  // namespace
}  // namespace cr::image
