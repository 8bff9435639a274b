// Page data of an image by bytes, not pages. Whatever form they have in the file, image::PageReader knows it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "cr/image/page_reader.h"
#include "cr/kinds/memory/memory.pb.h"

namespace cr::engine {

class PageData {
 public:
  // `image` is borrowed.
  explicit PageData(const image::Reader& image) : reader_(image) {}

  // All of `into`, from byte `offset` of an object's pages on. InvalidImage if they are not there.
  Result<void> read(uint64_t object, uint64_t offset, std::span<std::byte> into);

 private:
  image::PageReader reader_;
};

// Where each run's pages begin among those of its object, in bytes. Requires: validated runs.
std::vector<uint64_t> offsets_of(const google::protobuf::RepeatedPtrField<kinds::PageRun>& runs);

}  // namespace cr::engine
