// For tests of the guardian: one that holds a tree, and a life that shows whether it is held.
#pragma once

#include <stdexcept>

#include "cr/trace/guardian.h"
#include "cr/trace/trace_testing.h"

namespace cr::trace {

using Counter = SharedValue<std::atomic<uint64_t>>;

constexpr auto kPatience = 10s;

inline Guardian start() {
  auto guardian = Guardian::start();
  if (!guardian) throw std::runtime_error(guardian.error().message());
  return std::move(*guardian);
}

inline FrozenTree freeze(Guardian& guardian, pid_t root) {
  auto tree = guardian.freeze(root, kPatience);
  if (!tree) throw std::runtime_error(tree.error().message());
  return std::move(*tree);
}

[[noreturn]] inline void count_for_ever(Counter& counter) {
  for (;;) ++*counter;
}

}  // namespace cr::trace
