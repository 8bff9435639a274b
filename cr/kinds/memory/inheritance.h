// Which pages of a dump need not be stored again, because the parent image holds the same bytes at the same
// place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "cr/image/page_reader.h"
#include "cr/kinds/memory/memory.pb.h"
#include "cr/kinds/records.h"

namespace cr::kinds {

class Inheritance {
 public:
  // An image that was loaded: its validated records and its pages. Both are borrowed.
  Inheritance(const Records& records, const image::Reader& image);

  // Pages next to each other that are all inherited, or all not.
  struct Piece {
    uint64_t pages = 0;                   // at least one, at most image::kMaxExtentPages
    std::optional<uint64_t> source_page;  // the first of the parent's, of the object with the same id
  };
  // What `pages`, found at `address` of the object, begin with. They are compared byte by byte.
  Result<Piece> next(uint64_t object, uint64_t address, std::span<const std::byte> pages);

 private:
  struct Run {
    uint64_t address = 0, pages = 0;
    uint64_t first = 0;  // among the object's pages
  };
  void learn(uint64_t object, const google::protobuf::RepeatedPtrField<PageRun>& runs);
  Result<std::optional<uint64_t>> source_of(uint64_t object, uint64_t address,
                                            std::span<const std::byte> page);

  const image::Reader& image_;
  image::PageReader reader_;
  std::map<uint64_t, std::vector<Run>> objects_;  // ascending addresses
};

}  // namespace cr::kinds
