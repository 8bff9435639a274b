// Puts pages into tasks that stand ready, and into shared objects: what a plan leaves to the engine
// (kinds::PageFill).
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "cr/base/result.h"
#include "cr/image/page_reader.h"
#include "cr/image/scanner.h"
#include "cr/kinds/plan.h"
#include "cr/kinds/records.h"
#include "cr/sys/fd.h"

namespace cr::engine {

class Filler {
 public:
  // The descriptor, borrowed, through which memory is read and written at its addresses: that of a task, or
  // if `store_number` is not 0 that of a shared object.
  using MemoryOf = std::function<Result<int>(pid_t pid, int store_number)>;

  // Requires: the plan's tasks exist and its store's descriptors are open, or `memory` stands in for them.
  explicit Filler(const kinds::Plan& plan, MemoryOf memory = {});

  // Asked before each piece; an error ends the work with it.
  using KeepGoing = std::function<Result<void>()>;

  // From an image that can be read anywhere.
  Result<void> fill_from(const image::Reader& image, const KeepGoing& keep_going);
  // From one that comes front to back, up to its last byte, all of it checked; also that it holds what the
  // plan asks for. `parent`: null if there is none.
  Result<void> fill_from(image::Scanner& stream, const image::Reader* parent, const KeepGoing& keep_going);

 private:
  // Some pages of one object, and whose memory they are.
  struct Target {
    kinds::PageFill fill;
    int store_number = 0;  // 0: a task's memory
    pid_t pid = 0;
  };

  Result<void> put(uint64_t object, uint64_t page, std::span<const std::byte> bytes, bool zeros);
  Result<void> put_one(const Target& target, uint64_t page, std::span<const std::byte> bytes);
  // What was put there before.
  Result<void> get(uint64_t object, uint64_t page, std::span<std::byte> into);
  Result<const Target*> target_of(uint64_t object, uint64_t page) const;
  Result<int> memory_of(const Target& target);
  Result<void> check_complete(const image::PageTable& table) const;

  std::map<uint64_t, std::vector<Target>> targets_;  // by object, ascending pages
  MemoryOf memory_;
  pid_t open_pid_ = 0;  // whose memory is open: one at a time, there may be more tasks than descriptors
  sys::UniqueFd open_;
};

}  // namespace cr::engine
