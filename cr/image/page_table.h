// Which bytes of an image are which pages of which object. Built from the tables of the page sections, in
// file order; checks all that does not need the data itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "cr/base/result.h"
#include "cr/image/format.h"
#include "cr/image/section.h"

namespace cr::image {

// Some pages of an object that come from one place.
struct Extent {
  ExtentKind kind = ExtentKind::kRaw;
  uint64_t pages = 0;
  uint64_t first = 0;   // the object's page that it begins with
  uint64_t offset = 0;  // of the stored bytes in the file; kRaw: page aligned
  uint64_t stored = 0;
  uint64_t source_id = 0;
  uint64_t source_page = 0;
  uint64_t hash = 0;

  uint64_t end() const { return first + pages; }
};

// The table of one page section. Pure: bytes in, extents or InvalidImage out.
Result<std::vector<Extent>> decode_extents(const Section& section, std::span<const std::byte> payload);

class PageTable {
 public:
  // Extents continue their object where it ended so far, and refer only to what is there already; those that
  // are the same as others refer to some that are not, so nothing is followed twice.
  Result<void> add(const Section& section, std::span<const Extent> extents, const Header& header);

  const std::map<uint64_t, std::vector<Extent>>& objects() const { return objects_; }
  // How many pages the object has; 0 if it is none.
  uint64_t pages(uint64_t id) const;
  // The extent that holds the page. Requires: page < pages(id).
  const Extent& at(uint64_t id, uint64_t page) const;

 private:
  Result<void> check_source(const Extent& extent) const;

  std::map<uint64_t, std::vector<Extent>> objects_;
};

}  // namespace cr::image
