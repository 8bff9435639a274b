// A whole file given to the image reader: what verify() accepts can be read to the last record, and nothing
// else opens.
#include <vector>

#include "cr/image/page_reader.h"
#include "fuzz/fuzz.h"
#include "fuzz/image_file.h"
#include "fuzz/parent.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxImage) return -1;
  auto reader = cr::image::Reader::from_fd(fuzz::file_of(data, size), "input");
  if (!reader) {
    FUZZ_REQUIRE(reader.error().kind() == cr::ErrorKind::kInvalidImage);
    return 0;
  }
  FUZZ_REQUIRE(reader->size() == size);
  const auto verified = reader->verify();
  if (!verified) {
    FUZZ_REQUIRE(verified.error().kind() == cr::ErrorKind::kInvalidImage);
    return 0;
  }
  FUZZ_REQUIRE(verified->sections == reader->sections().size() && verified->bytes == size);
  for (const auto& section : reader->records()) {
    const auto payload = reader->record(section.key.type, section.key.id);
    FUZZ_REQUIRE(payload.has_value() && payload->size() == section.length);
  }
  const auto parent = reader->parent_id();
  if (parent == fuzz::kParentId) {
    const auto attached = reader->attach_parent(fuzz::parent_reader());
    FUZZ_REQUIRE(attached || attached.error().kind() == cr::ErrorKind::kInvalidImage);
    if (!attached) return 0;
  }
  cr::image::PageReader pages(*reader);
  std::vector<std::byte> page(cr::kPageSize);
  for (const auto& [id, extents] : reader->pages().objects())
    for (const auto& extent : extents) {
      const auto read = pages.read(id, extent.end() - 1, page);
      // Only a parent that is not ours may be missing.
      FUZZ_REQUIRE(read ||
                   (parent && parent != fuzz::kParentId && read.error().kind() == cr::ErrorKind::kConflict));
    }
  return 0;
}
