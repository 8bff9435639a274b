// The one way to the page data of an image. Whatever form they have in the file, nobody else reads them
// there.
#pragma once

#include <cstddef>
#include <span>

#include "cr/image/reader.h"

namespace cr::engine {

// All of `into`, from `offset` of a page section (record_types.h says which section is whose). InvalidImage
// if the section is not there or ends before that.
Result<void> read_page_data(const image::Reader& image, uint64_t section, uint64_t offset,
                            std::span<std::byte> into);

}  // namespace cr::engine
