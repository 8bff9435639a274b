// Which pages of a dump its tasks still have in common since a fork (copy-on-write): each is stored once.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "cr/base/result.h"
#include "cr/proc/pagemap.h"
#include "cr/sys/fd.h"

namespace cr::kinds {

class Relatives {
 public:
  // Where pages are in the tree, and where they go in the image.
  struct Stretch {
    pid_t pid = 0;
    uint64_t address = 0;
    uint64_t object = 0, page = 0;
  };
  // Pages next to each other that were all stored before, one after the other, or all not.
  struct Piece {
    uint64_t pages = 0;             // at least one
    std::optional<Stretch> source;  // as what they were stored
  };
  // What `pages` begin with, of whose frames `entries` tell; what was not stored before is stored now. Zeros
  // are nobody's. That a
  // frame is the same is a hint, since the kernel may move what is in it: the bytes are compared. Requires:
  // all tasks are frozen.
  Result<Piece> next(const Stretch& stretch, std::span<const proc::PagemapEntry> entries,
                     std::span<const std::byte> pages);

 private:
  const Stretch* known(const proc::PagemapEntry& entry) const;
  Result<bool> is_the_same(const Stretch& stored, std::span<const std::byte> pages);

  // Of two GiB. What comes later is stored as often as it is there.
  static constexpr size_t kMostFrames = size_t{1} << 19;

  std::unordered_map<uint64_t, Stretch> stored_;  // by frame, the page in it
  pid_t open_pid_ = 0;
  sys::UniqueFd memory_;  // of that one
  std::vector<std::byte> buffer_;
};

}  // namespace cr::kinds
