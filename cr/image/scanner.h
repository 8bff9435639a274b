// Reads an image front to back, from a file or a pipe, with memory of one record, one extent, and the tables:
// sixty-odd bytes for each section and each extent; hands out only what it has checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "cr/base/result.h"
#include "cr/image/format.h"
#include "cr/image/page_table.h"
#include "cr/image/stream.h"

namespace cr::image {

class Scanner {
 public:
  using OnRecord = std::function<Result<void>(SectionKey key, std::string payload)>;
  // `stored` is the extent's attached bytes; none for kinds that store none.
  using OnExtent =
      std::function<Result<void>(uint64_t object, const Extent& extent, std::span<const std::byte> stored)>;

  // `stream` is borrowed and stands at its first byte.
  static Result<Scanner> begin(Stream& stream);

  const Header& header() const { return header_; }

  // All records, up to the first page section. Once.
  Result<void> records(const OnRecord& on_record);
  // All pages, then index, footer and the stream's end: only when this has come back is the image known to be
  // complete. Once, after records().
  Result<void> pages(const OnExtent& on_extent);

  // What has been seen so far.
  const PageTable& table() const { return table_; }
  std::span<const Section> sections() const { return sections_; }

 private:
  explicit Scanner(Stream& stream) : stream_(&stream) {}

  Result<void> read_head();
  Result<void> skip_padding(std::string_view before, uint64_t end);
  Result<std::vector<std::byte>> read_payload();
  Result<void> read_extents(std::span<const Extent> extents, const OnExtent& on_extent);
  Result<void> finish();

  Stream* stream_;
  Header header_{};
  Section next_;  // its head was read, its payload was not
  std::vector<Section> sections_;
  std::set<SectionKey> keys_;
  PageTable table_;
};

}  // namespace cr::image
