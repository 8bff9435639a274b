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
  // What the image holds of some of the object's pages: itself, or where they are the same as others.
  struct Content {
    const image::Extent* extent;  // borrowed of the table
    uint64_t page;                // of the extent's object
    uint64_t pages;
  };
  void place_extents(uint64_t page, uint64_t end, uint64_t address, bool fresh);
  // Of the pages from `page` on, not beyond `end`, as many as lie in one extent.
  Content content_of(uint64_t page, uint64_t end) const;

  const image::PageTable* table_;
  uint64_t object_;
  Read read_;
  std::vector<PageFill>& fills_;
  uint64_t next_ = 0;
};

}  // namespace cr::kinds
