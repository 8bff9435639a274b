// Splits runs of pages by how they come to their place: straight from the image's file, by whoever owns the
// memory; or by the engine, because they must be made first or their image is a stream.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "cr/image/page_table.h"
#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/plan.h"

namespace cr::kinds {

class Placement {
 public:
  using Read = std::function<void(uint64_t address, uint64_t length, uint64_t file_offset)>;

  // `table` may be null: nothing is known, all is left to the engine. `read` is told of what can be read,
  // `fills` gets the rest.
  Placement(const image::PageTable* table, uint64_t object, Read read, std::vector<PageFill>& fills)
      : table_(table), object_(object), read_(std::move(read)), fills_(fills) {}

  // The object's next pages. `fresh`: their memory holds zeros so far.
  void place(const PageRun& run, bool fresh);

 private:
  void place_extents(uint64_t page, uint64_t end, uint64_t address, bool fresh);
  bool read_directly(const image::Extent& extent, uint64_t page, uint64_t count, uint64_t address);

  const image::PageTable* table_;
  uint64_t object_;
  Read read_;
  std::vector<PageFill>& fills_;
  uint64_t next_ = 0;
};

}  // namespace cr::kinds
