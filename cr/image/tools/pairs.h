// Which two parts of an image a sweep exchanges: every pair where there are few parts; where there are many,
// all neighbours, and of the other pairs some at random.
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace cr::image {

using Pair = std::pair<size_t, size_t>;  // the smaller one first

// `most`: of those that are no neighbours.
inline std::vector<Pair> pairs_to_exchange(size_t parts, size_t most, std::mt19937_64& random) {
  std::set<Pair> pairs;
  for (size_t i = 0; i + 1 < parts; ++i) pairs.emplace(i, i + 1);
  const size_t neighbours = pairs.size(), all = parts * (parts > 0 ? parts - 1 : 0) / 2;
  if (all <= neighbours + most) {
    for (size_t i = 0; i < parts; ++i)
      for (size_t j = i + 1; j < parts; ++j) pairs.emplace(i, j);
  }
  std::uniform_int_distribution<size_t> any(0, parts > 0 ? parts - 1 : 0);
  while (pairs.size() < std::min(all, neighbours + most)) {
    const size_t a = any(random), b = any(random);
    if (a != b) pairs.emplace(std::min(a, b), std::max(a, b));
  }
  return {pairs.begin(), pairs.end()};
}

// Enough for all pairs of 64 parts, which small images do not have.
constexpr size_t kMostPairs = 64 * 63 / 2;

}  // namespace cr::image
