// A process tree of bench/targets/tree.c on its way through dump and restore. All errors are
// std::runtime_error.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "bench/macro/engines.h"
#include "bench/targets/tree.h"

namespace bench {

using Milliseconds = std::chrono::duration<double, std::milli>;

struct Shape {
  const char* name;
  int tasks;
  int mib_each;

  uint64_t bytes() const { return static_cast<uint64_t>(tasks) * static_cast<uint64_t>(mib_each) << 20; }
};

// Requires: this process is the init of its own pid namespace, so that pids stay free for the restore,
// orphans come home to it, and nothing of the tree outlives it.
class RunningTree {
 public:
  // Returns once every task holds its memory and the root's clock is running.
  RunningTree(const Shape& shape, const std::filesystem::path& program, const std::filesystem::path& dir);
  RunningTree(const RunningTree&) = delete;
  RunningTree& operator=(const RunningTree&) = delete;
  ~RunningTree();

  pid_t root() const { return root_; }
  uint64_t beats() const { return shared_->beats; }
  // Waits until the root has looked at the clock again; an error if it never does.
  void require_beats_after(uint64_t seen) const;

  void forget_gaps() { shared_->largest_gap_ns = 0; }
  Milliseconds largest_gap() const { return std::chrono::nanoseconds(shared_->largest_gap_ns); }

  // Asks every task whether its memory is whole.
  void require_intact();
  // Waits until the kernel has let go of every task; an error if one is still alive after that.
  void require_gone();

 private:
  void end_all();
  Shape shape_;
  pid_t root_ = 0;
  struct tree* shared_ = nullptr;
};

// Runs the command to its end; its output goes to a file that is quoted in the error when it fails.
Milliseconds run_timed(const Argv& argv, const std::filesystem::path& dir);

// Makes the next allocations of that size meet warm memory: a virtual machine may have given idle memory back
// to its host, and touching it again is many times slower, to the cost of whoever is measured first.
void warm_memory(uint64_t bytes);

}  // namespace bench
