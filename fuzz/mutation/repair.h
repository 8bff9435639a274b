// Makes lengths, places and checksums of a damaged image right again, so that what was changed gets past
// them.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace fuzz {

// Walks the sections front to back as far as there are any, and writes the image that they would be: each
// head fits its payload, each table its data, index and footer what comes before them. What is no checksum,
// length or place stays as it is, also where no reader would accept it. Never longer than `most`.
std::string repair(std::span<const std::byte> image, size_t most);

}  // namespace fuzz
