// What the program `tree` and the benchmark that drives it share: one mapped file.
#pragma once

#ifdef __cplusplus
#include <atomic>
#include <cstdint>
typedef std::atomic<uint64_t> tree_counter;
extern "C" {
#else
#include <stdatomic.h>
#include <stdint.h>
typedef _Atomic uint64_t tree_counter;
#endif

enum { TREE_MAX_TASKS = 1000 };

struct tree {
  tree_counter ready;           // tasks that hold their memory
  tree_counter beats;           // looks of the root at the clock
  tree_counter largest_gap_ns;  // between two looks; set to 0 by the benchmark before what it measures
  tree_counter intact;          // tasks that found their memory whole when asked by SIGUSR1
  tree_counter broken;          // tasks that did not
  int32_t pid[TREE_MAX_TASKS];
};

#ifdef __cplusplus
}
#endif
