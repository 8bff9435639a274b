// Overflow is told, never wrapped; page arithmetic at its edges.
#include "cr/base/numbers.h"

#include <gtest/gtest.h>

#include <random>

namespace cr {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

TEST(Numbers, SumsThatFit) {
  static_assert(checked_add<uint64_t>(1, 2) == 3u);
  EXPECT_EQ(checked_add<uint64_t>(kMax, 0), kMax);
  EXPECT_EQ(checked_add<uint64_t>(kMax - 1, 1), kMax);
  EXPECT_EQ(checked_add<int32_t>(-5, 3), -2);
}

TEST(Numbers, SumsThatDoNot) {
  EXPECT_FALSE(checked_add<uint64_t>(kMax, 1));
  EXPECT_FALSE(checked_add<uint64_t>(1, kMax));
  EXPECT_FALSE(checked_add<int32_t>(std::numeric_limits<int32_t>::max(), 1));
  EXPECT_FALSE(checked_add<int32_t>(std::numeric_limits<int32_t>::min(), -1));
  EXPECT_FALSE(checked_add<uint8_t>(200, 56));
}

TEST(Numbers, Products) {
  static_assert(checked_mul<uint64_t>(6, 7) == 42u);
  EXPECT_EQ(checked_mul<uint64_t>(kMax, 0), 0u);
  EXPECT_EQ(checked_mul<uint64_t>(kMax, 1), kMax);
  EXPECT_FALSE(checked_mul<uint64_t>(kMax, 2));
  EXPECT_FALSE(checked_mul<uint64_t>(uint64_t{1} << 32, uint64_t{1} << 32));
}

// Against arithmetic that cannot overflow.
TEST(Numbers, AgreeWithWideArithmetic) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; ++i) {
    const auto a = static_cast<uint64_t>(random() >> random() % 64),
               b = static_cast<uint64_t>(random() >> random() % 64);
    __extension__ using Wide = unsigned __int128;
    const Wide sum = Wide{a} + b, product = Wide{a} * b;
    EXPECT_EQ(checked_add(a, b).has_value(), sum <= kMax);
    EXPECT_EQ(checked_mul(a, b).has_value(), product <= kMax);
    if (sum <= kMax) {
      EXPECT_EQ(*checked_add(a, b), static_cast<uint64_t>(sum));
    }
    if (product <= kMax) {
      EXPECT_EQ(*checked_mul(a, b), static_cast<uint64_t>(product));
    }
  }
}

TEST(Numbers, Pages) {
  EXPECT_TRUE(page_aligned(0));
  EXPECT_TRUE(page_aligned(4096));
  EXPECT_FALSE(page_aligned(4095));
  EXPECT_EQ(page_down(4095), 0u);
  EXPECT_EQ(page_down(4096), 4096u);
  EXPECT_EQ(page_down(kMax), kMax - 4095);
  EXPECT_EQ(page_up(0), 0u);
  EXPECT_EQ(page_up(1), 4096u);
  EXPECT_EQ(page_up(4096), 4096u);
  EXPECT_EQ(page_up(4097), 8192u);
}

}  // namespace
}  // namespace cr
