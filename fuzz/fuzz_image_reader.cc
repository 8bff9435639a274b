// A whole file given to the image reader: what verify() accepts can be read to the last record, and nothing
// else opens.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "cr/image/page_reader.h"
#include "fuzz/fuzz.h"

namespace {

cr::sys::UniqueFd file_of(const uint8_t* data, size_t size) {
  cr::sys::UniqueFd fd(::memfd_create("image", MFD_CLOEXEC));
  if (!fd.valid() || ::pwrite(fd.get(), data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  return fd;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > fuzz::kMaxImage) return -1;
  const auto reader = cr::image::Reader::from_fd(file_of(data, size), "input");
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
  cr::image::PageReader pages(*reader);
  std::vector<std::byte> page(cr::kPageSize);
  for (const auto& [id, extents] : reader->pages().objects())
    for (const auto& extent : extents) {
      const auto read = pages.read(id, extent.end() - 1, page);
      // Only a parent, which is another file, may be missing.
      FUZZ_REQUIRE(read.has_value() || read.error().kind() == cr::ErrorKind::kConflict);
    }
  return 0;
}
