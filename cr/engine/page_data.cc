#include "cr/engine/page_data.h"

#include "cr/base/numbers.h"

namespace cr::engine {

Result<void> read_page_data(const image::Reader& image, uint64_t section, uint64_t offset,
                            std::span<std::byte> into) {
  const auto pages = image.pages(section);
  const auto end = checked_add<uint64_t>(offset, into.size());
  if (!pages || !end || *end > pages->length)
    return fail(ErrorKind::kInvalidImage, "{}: page section {:#x} holds no {} bytes at {:#x}", image.name(),
                section, into.size(), offset);
  return sys::pread_fully(image.fd(), into, pages->offset + offset);
}

}  // namespace cr::engine
