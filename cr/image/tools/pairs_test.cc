// What a sweep exchanges: all pairs of few parts; of many every neighbour, and no more than were asked for.
#include "cr/image/tools/pairs.h"

#include <gtest/gtest.h>

namespace cr::image {
namespace {

std::vector<Pair> pairs(size_t parts, size_t most) {
  std::mt19937_64 random(1);
  return pairs_to_exchange(parts, most, random);
}

TEST(Pairs, AllOfFewParts) {
  EXPECT_TRUE(pairs(0, 9).empty());
  EXPECT_TRUE(pairs(1, 9).empty());
  EXPECT_EQ(pairs(2, 0), (std::vector<Pair>{{0, 1}}));
  EXPECT_EQ(pairs(4, 9), (std::vector<Pair>{{0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}}));
  EXPECT_EQ(pairs(64, kMostPairs).size(), kMostPairs);
}

TEST(Pairs, NeighboursAndSomeOfManyParts) {
  const std::vector<Pair> found = pairs(1000, 50);
  EXPECT_EQ(found.size(), 999u + 50u);
  size_t neighbours = 0;
  for (const auto& [a, b] : found) {
    EXPECT_LT(a, b);
    EXPECT_LT(b, 1000u);
    neighbours += b == a + 1;
  }
  EXPECT_EQ(neighbours, 999u);
}

}  // namespace
}  // namespace cr::image
